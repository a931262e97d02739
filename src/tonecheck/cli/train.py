"""`tonecheck train`: make a model of your own."""

from pathlib import Path
from typing import Annotated

import typer

from tonecheck.cli.options import Quiet, examples
from tonecheck.errors import InputError

RECIPES = ("linear", "encoder", "pair", "forecast", "huggingface")
EXAMPLES = examples(
    "tonecheck train --recipe linear --corpora data/learning --out my-model",
    'tonecheck check "Just google it." --model my-model',
)


Out = Annotated[
    Path, typer.Option("--out", help="The model folder to write; its name is the model's.")
]
Corpora = Annotated[
    list[Path],
    typer.Option("--corpora", help="A folder with corpora; repeat it for more folders."),
]
RecipeName = Annotated[str, typer.Option(help=f"One of: {', '.join(RECIPES)}.")]
Base = Annotated[
    str | None,
    typer.Option(
        help="For huggingface: the checkpoint to start from, a folder or a name on the hub. "
        "A name is downloaded; nothing else in tonecheck ever is."
    ),
]
Rounds = Annotated[
    int | None,
    typer.Option(min=1, help="How often an encoder reads the annotated replies; 7 if not given."),
]
Teachers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many encoders teach the one that is saved; 3 if not given, 1 for none.",
    ),
]
TeachersFrom = Annotated[
    list[str] | None,
    typer.Option(
        help="A larger checkpoint that teachers start from, a folder or a name on the hub; "
        "repeat it for more kinds. The model's own if not given."
    ),
]
TeacherRounds = Annotated[
    int | None,
    typer.Option(min=1, help="The same for each teacher; as --rounds if not given."),
]
Work = Annotated[
    Path | None,
    typer.Option(help="A folder that keeps finished teachers, so that a stopped run goes on."),
]
Parts = Annotated[
    list[Path] | None,
    typer.Option("--part", help="For pair: the folder of the linear model, or of the encoder."),
]
Reads = Annotated[
    str | None,
    typer.Option(
        help="For forecast: the model that judges the messages; the default if not given."
    ),
]
Licence = Annotated[
    str,
    typer.Option(help="The strictest tier to learn from: open, or unstated (the default)."),
]
Version = Annotated[str, typer.Option(help="The version that the model carries.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same model.")]


def train(  # noqa: PLR0913  an option is a parameter
    *,
    out: Out,
    corpora: Corpora,
    recipe: RecipeName = "linear",
    base: Base = None,
    rounds: Rounds = None,
    teachers: Teachers = None,
    teachers_from: TeachersFrom = None,
    teacher_rounds: TeacherRounds = None,
    work: Work = None,
    parts: Parts = None,
    reads: Reads = None,
    licence: Licence = "unstated",
    version: Version = "1.0.0",
    seed: Seed = 20260901,
    quiet: Quiet = False,
) -> None:
    """Train a model on labelled corpora and write its card.

    The linear recipe takes some minutes on 2 cores with all corpora, and under one with
    data/learning alone. The encoder recipe fine-tunes models/shrunk-en of a checkout: about ten
    minutes a round with all corpora on 2 cores, for each teacher and for the model itself, so some
    five hours unless --rounds and --teachers say less; huggingface does the same with any
    checkpoint. These two need: pip install "tonecheck[train]". The pair recipe weighs a
    linear model and an encoder, which must lie beside it, in some minutes. The forecast recipe
    learns how threads go on from those of known outcome, in some minutes. Development corpora in
    the folders are measured on, never trained on.
    """
    _refuse_misfits(
        recipe,
        licence,
        base=base,
        parts=parts,
        reads=reads,
        encoder_options=(rounds, teachers, teachers_from, teacher_rounds, work),
    )
    from tonecheck.training.recipe import Recipe

    settings = Recipe(
        folders=corpora,
        out=out,
        licence=licence,
        version=version,
        seed=seed,
        say=(lambda line: None) if quiet else (lambda line: typer.echo(f"… {line}", err=True)),
    )
    if recipe == "linear":
        from tonecheck.training.linear_recipe import train_linear

        made = train_linear(settings)
    elif recipe == "pair":
        from tonecheck.training.pair_recipe import train_pair

        made = train_pair(settings, parts or [])
    elif recipe == "forecast":
        from tonecheck.training.forecast_recipe import train_forecast

        made = train_forecast(settings, reads or "default")
    else:
        from tonecheck.training.encoder_data import EncoderSettings
        from tonecheck.training.encoder_recipe import train_encoder

        made = train_encoder(
            settings,
            EncoderSettings(
                base=base,
                rounds=rounds or 7,
                teachers=teachers or 3,
                teachers_from=tuple(teachers_from or ()),
                teacher_rounds=teacher_rounds,
                work=work,
            ),
        )
    typer.echo(f"{out}: {made['name']}@{made['version']}, card in {out / 'README.md'}")


def _refuse_misfits(
    recipe: str,
    licence: str,
    *,
    base: str | None,
    parts: list[Path] | None,
    reads: str | None,
    encoder_options: tuple[object, ...],
) -> None:
    """Raise an `InputError` where options are unknown or do not go together."""
    from tonecheck.training.corpora import LICENCES

    if recipe not in RECIPES:
        raise InputError(f"there is no recipe {recipe!r}. Choose from: {', '.join(RECIPES)}.")
    if licence not in LICENCES[:2]:
        raise InputError(
            f"cannot train on licence tier {licence!r}. Choose from: {', '.join(LICENCES[:2])}."
        )
    if (base is not None) != (recipe == "huggingface"):
        raise InputError(
            "--base names the checkpoint of --recipe huggingface, and goes with it alone. "
            "Give both or neither."
        )
    if bool(parts) != (recipe == "pair"):
        raise InputError(
            "--part names a model of --recipe pair, and goes with it alone. Give it a linear model "
            "and an encoder, and other recipes none."
        )
    if reads is not None and recipe != "forecast":
        raise InputError("--reads goes with --recipe forecast alone. Leave it out.")
    if recipe in ("linear", "pair", "forecast") and any(encoder_options):
        raise InputError(
            "--rounds, --teachers, --teachers-from, --teacher-rounds and --work go with encoder "
            "and huggingface. Leave them out."
        )
