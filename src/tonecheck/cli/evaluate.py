"""`tonecheck evaluate`: how good a model is on labelled replies."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tonecheck.cli.options import Config, Model, examples, settings_file

EXAMPLES = examples(
    "tonecheck evaluate --corpora data/learning --on tonecheck_learning_dev",
    "tonecheck evaluate --corpora corpora/ --model my-model --json > quality.json",
)


def evaluate(
    *,
    corpora: Annotated[
        list[Path],
        typer.Option("--corpora", help="A folder with corpora; repeat it for more folders."),
    ],
    on: Annotated[
        list[str],
        typer.Option("--on", help="A corpus to measure on; repeat it for more."),
    ] = ["tonecheck_replies_dev", "tonecheck_learning_dev", "ucc_val"],  # noqa: B006 - Typer copies it
    model: Model = "default",
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Measure a model on labelled replies.

    Ranking (AUC), precision and recall, each with its 95 % interval. --json also gives
    calibration, false alarms and every source of replies.
    """
    settings = settings_file(config)

    from tonecheck.checker import load
    from tonecheck.training.corpora import corpus_named, read_corpus
    from tonecheck.training.evaluate import judge, measure

    checker = load(model, settings=settings)
    report: dict[str, Any] = {"model": checker.model, "corpora": {}}
    for corpus in map(corpus_named, on):
        examples = read_corpus(corpus, corpora)
        probabilities = judge(checker, examples)
        report["corpora"][corpus.name] = measure(examples, probabilities, checker.policy)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _show(report)


def _show(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for corpus, measured in report["corpora"].items():
        table = Table(title=f"{report['model']} on {corpus} (95 % intervals)", title_justify="left")
        for heading in ("tone", "replies", "positive", "AUC", "precision at yes", "recall at yes"):
            table.add_column(heading, justify="left" if heading == "tone" else "right")
        for tone, figures in measured.items():
            table.add_row(
                tone,
                f"{figures['replies']:,}",
                f"{figures['positive']:,}",
                _interval(figures["auc"]),
                _interval(figures["yes"]["precision"]),
                _interval(figures["yes"]["recall"]),
            )
        console.print(table)


def _interval(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "none flagged"
    return f"{figure['value']:.3f} ({figure['low']:.3f}–{figure['high']:.3f})"
