"""The `tonecheck` command: its sub-commands, and what each way of ending is called.

Exit codes: 0 done, also when whoever read the output closed the pipe; 1 a `--fail-on` gate was
hit; 2 wrong usage or input; 3 an error of tonecheck itself; 130 interrupted by Ctrl-C.
"""

import io
import os
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tonecheck import __version__
from tonecheck.cli import (
    audit,
    changes,
    check,
    evaluate,
    formats,
    keep,
    keys,
    models,
    score,
    serve,
    train,
    watch,
)
from tonecheck.cli.options import examples
from tonecheck.console import printable
from tonecheck.errors import ToneCheckError

BAD_INPUT, INTERNAL_ERROR, INTERRUPTED = 2, 3, 130

_EPILOG = (
    examples(
        'tonecheck check "Just google it." --parent "How do I invert a matrix?"',
        "tonecheck score replies.jsonl > verdicts.jsonl",
        "tonecheck audit slack-export.zip --out report/",
    )
    + "\n\n\b\nExit codes: 0 done, 1 a --fail-on gate was hit, 2 wrong usage or input,\n"
    "3 an error of tonecheck itself, 130 interrupted.\n\n"
    "Nothing is sent anywhere unless you name an address.\n\n"
    "tonecheck is fallible: a person decides."
)


class Commands(TyperGroup):
    """Runs a command, and turns whatever it raises into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  Typer's own types move between releases
        """Run the command that the arguments name."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BaseException as err:
            code = _tell(err, debug=bool(ctx.params.get("debug")))
            if code is None:
                raise
            raise typer.Exit(code) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=_EPILOG,
)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("score", epilog=score.EXAMPLES)(score.score)
app.command("audit", epilog=audit.EXAMPLES)(audit.audit)
app.command("watch", epilog=watch.EXAMPLES)(watch.watch)
app.command("changes", epilog=changes.EXAMPLES)(changes.changes)
app.command("serve", epilog=serve.EXAMPLES)(serve.serve)
app.add_typer(keys.keys, name="keys")
app.add_typer(keep.feedback, name="feedback")
app.add_typer(keep.author, name="author")
app.command("train", epilog=train.EXAMPLES)(train.train)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("formats", epilog=formats.EXAMPLES)(formats.formats)
app.command("models", epilog=models.EXAMPLES)(models.models)


def run() -> None:
    """Run the command line and leave Python with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know no “ or █
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tonecheck {__version__}")
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[
        bool, typer.Option("--debug", envvar="TONECHECK_DEBUG", help="Show where an error arose.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
) -> None:
    """Read replies and say which are hostile, hustling or dismissive, and why."""


def _tell(err: BaseException, *, debug: bool) -> int | None:
    """Say on stderr what went wrong; return the exit code, or None for Typer's own exceptions."""
    if isinstance(err, BrokenPipeError):  # `| head` has seen enough
        _discard_output()
        return 0
    if isinstance(err, typer.Abort | SystemExit) or hasattr(err, "exit_code"):
        return None  # a usage error or an exit, which Typer words itself
    if debug:
        typer.echo(printable("".join(traceback.format_exception(err))), err=True)
    if isinstance(err, KeyboardInterrupt):
        message, code = "interrupted", INTERRUPTED
    elif isinstance(err, ToneCheckError):
        message, code = f"error: {err}", BAD_INPUT
    elif isinstance(err, OSError):
        message, code = f"error: {_os_error(err)}", BAD_INPUT
    else:
        what = f"{type(err).__name__}: {err}".partition("\n")[0]
        message, code = f"internal error: {what}, please report", INTERNAL_ERROR
        if not debug:
            message += " it with what `tonecheck --debug …` prints"
    for line in (message, *getattr(err, "__notes__", ())):
        typer.echo(printable(line), err=True)
    return code


def _os_error(err: OSError) -> str:
    if err.filename is None:
        return f"the system says: {err.strerror or err}."
    return f"{err.filename} cannot be read or written: {err.strerror}."


def _discard_output() -> None:
    """Let what is still buffered go nowhere, so that Python does not complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
