"""What the Dockerfile, the compose file and the systemd unit promise, as far as it shows here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
MODULES = {"python-dateutil": "dateutil", "scikit-learn": "sklearn"}

SERVE = """
import sys
for name in {left_out}:
    sys.modules[name] = None  # importing it raises ImportError
from fastapi.testclient import TestClient
from tonecheck import load
from tonecheck.service.app import create_app
from tonecheck.service.settings import read
app = create_app(read(database="sqlite:///store.sqlite"), checker=load("pair-en"))
with TestClient(app, "http://127.0.0.1") as client:
    for path in ("/v1/check", "/v1/nudge"):
        assert client.post(path, json={{"text": "Just google it."}}).status_code == 200
    for path in ("/review", "/review/trends", "/review/policy", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
"""


def left_out() -> list[str]:
    listed = re.search(r"pip uninstall --yes \\\n(.*?)\\?\n", DOCKERFILE)
    assert listed
    names = listed[1].split()
    return [MODULES.get(name, name.replace("-", "_")) for name in names]


def test_the_service_runs_without_what_the_image_leaves_out(tmp_path):
    assert {"pandas", "sklearn", "scipy"} <= set(left_out())

    code = SERVE.format(left_out=left_out())
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr[-2_000:]


def test_the_image_does_not_run_as_root():
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE)


def test_the_container_can_write_nowhere_but_to_its_data():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["tonecheck"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["tonecheck:/data"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_the_unit_well_formed_and_well_guarded(tmp_path):
    unit = tmp_path / "tonecheck.service"
    text = (ROOT / "deploy" / "tonecheck.service").read_text()
    text = text.replace("/opt/tonecheck/bin/tonecheck", "/bin/true")  # it must be there
    unit.write_text(text.replace("User=tonecheck", "User=nobody"))

    for words in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        done = subprocess.run(
            ["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
