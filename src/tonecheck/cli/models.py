"""`tonecheck models`: which models came along, and what their cards state."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tonecheck.cli.options import examples
from tonecheck.console import printable
from tonecheck.errors import ModelError

if TYPE_CHECKING:
    from tonecheck.modelstore import ModelFolder

EXAMPLES = examples("tonecheck models", "tonecheck models linear-en")

_FIGURES = {"precision": "precision", "recall": "recall", "auc": "AUC"}


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Show the card of this model, or of a model folder."),
    ] = None,
) -> None:
    """List the models that came along, and what their cards state.

    Every file is checked against its hash. Figures come with their 95 % intervals.
    """
    from tonecheck.modelstore import CARD, FORECAST, open_model, shipped_models, shipped_root

    if name:
        folder = open_model(name)
        typer.echo(printable((folder.path / CARD).read_text(encoding="utf-8")))
        return
    damaged = []
    forecast = shipped_root() / FORECAST
    for path in (*shipped_models(), *([forecast] if forecast.is_dir() else [])):
        try:
            _describe(open_model(str(path)))
        except ModelError as err:
            damaged.append(str(err))
    if damaged:
        raise ModelError(" ".join(damaged))


def _describe(folder: "ModelFolder") -> None:
    from tonecheck.modelstore import DEFAULT_MODEL, FORECAST_KIND, open_parts

    parts = list(open_parts(folder).values())
    files = [file for part in (folder, *parts) for file in part.files.values()]
    size = sum(file.stat().st_size for file in files) / 1e6
    made_of = f" = {' + '.join(printable(part.label) for part in parts)}" if parts else ""
    default = ", the default" if folder.path.name == DEFAULT_MODEL else ""
    typer.echo(f"{printable(folder.label)}{made_of} ({size:.1f} MB, verified{default})")
    if folder.config["kind"] == FORECAST_KIND:
        typer.echo("  forecasts how threads go on, from the verdicts of the others")
    for tone, facts in folder.config.get("card", {}).items():
        known = [(name, facts[key]) for key, name in _FIGURES.items() if key in facts]
        stated = ", ".join(f"{name} {_interval(figure)}" for name, figure in known)
        typer.echo(printable(f"  {tone}: {stated}; on {facts.get('measured_on', 'unknown data')}"))


def _interval(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "unknown"
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})"
