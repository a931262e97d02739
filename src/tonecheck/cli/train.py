"""`tonecheck train`: make a model of your own."""

from pathlib import Path
from typing import Annotated

import typer

from tonecheck.cli.options import Quiet, examples
from tonecheck.errors import InputError

RECIPES = ("linear",)
EXAMPLES = examples(
    "tonecheck train --recipe linear --corpora data/learning --out my-model",
    'tonecheck check "Just google it." --model my-model',
)


def train(  # noqa: PLR0913  an option is a parameter
    *,
    out: Annotated[
        Path, typer.Option("--out", help="The model folder to write; its name is the model's.")
    ],
    corpora: Annotated[
        list[Path],
        typer.Option("--corpora", help="A folder with corpora; repeat it for more folders."),
    ],
    recipe: Annotated[str, typer.Option(help=f"One of: {', '.join(RECIPES)}.")] = "linear",
    licence: Annotated[
        str,
        typer.Option(help="The strictest tier to learn from: open, or unstated (the default)."),
    ] = "unstated",
    version: Annotated[str, typer.Option(help="The version that the model carries.")] = "1.0.0",
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 20260901,
    quiet: Quiet = False,
) -> None:
    """Train a model on labelled corpora and write its card.

    The linear recipe takes some minutes on 2 cores with all corpora, and under one with
    data/learning alone. Development corpora in the folders are measured on, never trained on.
    """
    from tonecheck.training.corpora import LICENCES

    if recipe not in RECIPES:
        raise InputError(f"there is no recipe {recipe!r}. Choose from: {', '.join(RECIPES)}.")
    if licence not in LICENCES[:2]:
        raise InputError(
            f"cannot train on licence tier {licence!r}. Choose from: {', '.join(LICENCES[:2])}."
        )
    from tonecheck.training.recipe import Recipe, train_linear

    made = train_linear(
        Recipe(
            folders=corpora,
            out=out,
            licence=licence,
            version=version,
            seed=seed,
            say=(lambda line: None) if quiet else (lambda line: typer.echo(f"… {line}", err=True)),
        )
    )
    typer.echo(f"{out}: {made['name']}@{made['version']}, card in {out / 'README.md'}")
