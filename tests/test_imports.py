import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import tonecheck

ROOT = Path(__file__).parents[1]
HEAVY = {
    *("numpy", "scipy", "pandas", "spacy", "sklearn", "altair"),
    *("torch", "transformers", "onnxruntime", "tokenizers", "networkx"),
}
PUBLIC = [
    "Decision",
    "Evidence",
    "Message",
    "Severity",
    "Thread",
    "ThreadReport",
    "Tone",
    "ToneCheckError",
    "ToneChecker",
    "ToneScore",
    "Verdict",
    "load",
]


def loaded_by(statement):
    code = f"{statement}\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import tonecheck",
        "from tonecheck import Message, Thread, Verdict",
        "import tonecheck.cli.app",
        "from typer.testing import CliRunner\nimport tonecheck.cli.app as c\n"
        "assert CliRunner().invoke(c.app, ['score', '--help']).exit_code == 0",
    ],
    ids=["package", "plain classes", "command line", "help"],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(statement):
    modules = loaded_by(statement)
    assert "tonecheck" in modules
    assert not modules & HEAVY


def test_public_names_are_these_and_each_can_be_had():
    assert sorted(tonecheck.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(tonecheck, name).__name__ == name


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tonecheck' has no attribute 'score'"):
        tonecheck.score  # noqa: B018


def test_dependencies_point_one_way(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0
