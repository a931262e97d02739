"""`tonecheck check`: one reply, judged for a person to read."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tonecheck.cli.options import Config, Model, examples, settings_file
from tonecheck.console import json_line, printable
from tonecheck.errors import InputError
from tonecheck.labels import TONES, Decision
from tonecheck.verdict import ToneScore, Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

EXAMPLES = examples(
    'tonecheck check "Just google it." --parent "How do I invert a matrix?"',
    "tonecheck check --json - < reply.txt",
)

_LONGEST = 10_000_000  # bytes of standard input; no reply is that long
_SHOWN = 2_000  # code points of a reply that are shown
_BAR = 20
_STYLES = {"no": "dim", "unsure": "yellow", "mild": "bold yellow", "clear": "bold red"}


def check(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="The reply; - reads it from standard input.")
    ],
    *,
    parent: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The message that it answers.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the verdict as one line of JSON.")
    ] = False,
    model: Model = "default",
    config: Config = None,
) -> None:
    """Judge one reply, and show the words that say so."""
    from tonecheck.checker import load

    if text == "-":
        text = _standard_input()
    verdict = load(model, settings=settings_file(config)).check(text, parent=parent)
    if as_json:
        typer.echo(json_line(verdict.to_dict()))
        return
    from rich.console import Console

    Console().print(_panel(text, verdict))


def _standard_input() -> str:
    content = sys.stdin.buffer.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise InputError(f"the reply is longer than {_LONGEST:,} bytes. Give one reply.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise InputError(
            f"the reply is not valid UTF-8 at byte {err.start + 1}. Save it as UTF-8.",
            place="standard input",
        ) from None
    return text.removesuffix("\n").removesuffix("\r")  # the line break is the shell's


def _panel(text: str, verdict: Verdict) -> "RenderableType":
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    parts: list[RenderableType] = [_marked(text, verdict), Text(), _scores(verdict)]
    notes = [verdict.explanation]
    if verdict.note and verdict.note.meaning not in verdict.explanation:
        notes.append(verdict.note.meaning)
    for note in filter(None, notes):
        parts += [Text(), Text(printable(note))]
    parts += [
        Text(),
        Text(f"tonecheck is fallible: a person decides. Model: {verdict.model}", style="dim"),
    ]
    return Panel(Group(*parts), title="tonecheck", title_align="left", padding=(1, 2))


def _marked(text: str, verdict: Verdict) -> "Text":
    """Return the reply with its evidence underlined."""
    from rich.text import Text

    shown = Text(printable(text[:_SHOWN]))  # of the same length, so that offsets hold
    for score in verdict.tones.values():
        for span in score.evidence:
            shown.stylize("bold underline", span.start, span.end)
    if len(text) > _SHOWN:
        shown.append(f" … and {len(text) - _SHOWN:,} more characters", style="dim")
    return shown


def _scores(verdict: Verdict) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for tone in TONES:
        score = verdict.tones[tone]
        word = _word(score)
        # colour and underline are lost in a pipe or on paper, so the words stand here as well
        evidence = ", ".join(f"“{printable(span.text)}”" for span in score.evidence)
        table.add_row(
            str(tone),
            Text(word, style=_STYLES[word]),
            Text(_bar(score.probability), style=_STYLES[word]),
            f"{score.probability:.2f}",
            Text(evidence),
        )
    return table


def _word(score: ToneScore) -> str:
    return str(score.severity if score.decision is Decision.YES else score.decision)


def _bar(probability: float) -> str:
    filled = round(probability * _BAR)
    return "█" * filled + "░" * (_BAR - filled)
