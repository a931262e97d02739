"""The README's commands run, and its figures are those that were measured."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tonecheck.explain.catalogue import read_cues
from tonecheck.prepare import MAX_CHARS
from tonecheck.training.corpora import CORPORA

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("checkout")
def test_a_command_of_the_readme_runs(command):
    program, *arguments = shlex.split(command)
    assert program == "tonecheck"
    done = subprocess.run(
        [sys.executable, "-m", "tonecheck", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", PYTHON)
def test_python_of_the_readme_runs(code, tmp_path, capsys):
    (tmp_path / "readme.py").write_text(code, encoding="utf-8")
    runpy.run_path(str(tmp_path / "readme.py"))
    assert "dismissiveness" in capsys.readouterr().out


def test_the_readme_shows_what_it_promises_to_show():
    assert len(COMMANDS) >= 6
    assert len(PYTHON) == 1
    for name in ("check", "score", "audit", "train", "evaluate", "formats", "models"):
        assert f"tonecheck {name}" in README
    for path in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / path).exists(), path


def test_counts_in_prose_are_those_of_the_data():
    counts = {
        file.stem: len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / "data" / "learning").glob("*.jsonl")
    }
    labels = counts.pop("tonecheck_annotated_train")
    invented = f"{sum(counts.values()):,}"
    assert f"`data/learning` holds {invented} invented, annotated replies" in README
    assert f"labels of {labels:,} replies of other corpora" in README
    datasheet = (ROOT / "data" / "learning" / "README.md").read_text(encoding="utf-8")
    assert f"**What:** {invented} invented replies" in datasheet
    own = "tonecheck_feedback_train"  # the operator's, not a research corpus
    others = [c for c in CORPORA if c.weight and "CC0" not in c.citation and c.name != own]
    assert f"names {len(others)} research corpora more" in README
    assert f"{len(read_cues())} cues by kind" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"more than {MAX_CHARS:,} characters" in README


def test_figures_in_the_readme_are_those_that_were_measured():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "readme_figures.py"), "--check"], check=False
    )
    assert done.returncode == 0, "run scripts/readme_figures.py"
