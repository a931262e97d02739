import io
import sys

import pytest

from tonecheck.cli.progress import Progress


class Terminal(io.StringIO):
    """Takes what is written to a terminal that someone watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def shown(monkeypatch):
    """Show steps of progress at once, and return what is written to stderr."""

    def show(*steps, stderr, quiet=False):
        # here, as pytest puts its own stderr in place between a fixture and its test
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr("tonecheck.cli.progress._PATIENCE", -1.0)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        with Progress(quiet=quiet) as progress:
            for step in steps:
                progress.update(*step)
        return stderr.getvalue()

    return show


def test_every_phase_has_its_bar_with_a_rate_and_the_time_left(shown):
    reading = [("reading", 50, None), ("reading", 90, 90)]
    judging = [("judging", done, 90) for done in range(10, 60, 10)]
    text = shown(*reading, *judging, ("writing", 10, 90), stderr=Terminal())
    parts = ["reading", "judging", "writing", "90 messages", "50 messages", " a second", "0:00:00"]
    assert [part for part in parts if part not in text] == []


def test_what_an_earlier_run_did_counts_for_no_rate(shown):
    text = shown(("judging", 12_000, 50_000), stderr=Terminal())
    assert "12,000 messages" in text
    assert "a second" not in text


@pytest.mark.parametrize(("stderr", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_no_bar_is_drawn_where_nobody_watches(shown, stderr, quiet):
    assert not shown(("judging", 10, 20), stderr=stderr, quiet=quiet)
