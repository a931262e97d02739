"""What people install: a wheel, built as pip builds it, judges without the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

JUDGE = """
import json, sys
import tonecheck
from tonecheck.modelstore import open_model, shipped_models, shipped_root
verdict = tonecheck.load().check("Just google it.", parent="How do I invert a matrix?")
print(json.dumps({
    "root": str(shipped_root()),
    "models": sorted(open_model(path.name).config["name"] for path in shipped_models()),
    "model": verdict.model,
    "dismissive": verdict.tones[tonecheck.Tone.DISMISSIVENESS].probability,
}))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_a_wheel_judges_with_its_own_models(unpacked, tmp_path):
    without_torch = "import sys; sys.modules['torch'] = None\n"
    done = subprocess.run(
        [sys.executable, "-c", without_torch + JUDGE],
        cwd=tmp_path, check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["root"] == str(unpacked / "tonecheck" / "models")
    assert found["models"] == ["encoder-en", "linear-en", "pair-en"]
    assert found["model"].startswith("pair-en@")
    assert found["dismissive"] > 0.5


def test_a_wheel_has_every_file_that_a_manifest_lists_and_no_checkpoint(unpacked):
    models = unpacked / "tonecheck" / "models"
    for manifest in models.glob("*/manifest.json"):
        listed = set(json.loads(manifest.read_text(encoding="utf-8"))["files"])
        assert {file.name for file in manifest.parent.iterdir()} == {*listed, "manifest.json"}
    assert not list(models.rglob("model.safetensors"))  # half of the wheel, and only for training
