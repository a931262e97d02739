"""What clients and operators are told when the service itself fails, and what leaves it."""

import subprocess
import sys

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from tonecheck.service.app import create_app


@pytest.fixture
def failing(settings, checker, monkeypatch):
    app = create_app(settings, checker=checker)
    with TestClient(app, "http://127.0.0.1", raise_server_exceptions=False) as client:

        def fail(*_: object) -> None:
            raise OperationalError("SELECT what somebody wrote", None, ValueError())

        monkeypatch.setattr(app.state.service.judge, "check", fail)
        yield client


def test_a_failure_is_told_in_the_protocols_words_with_safe_headers(failing):
    ours = failing.post("/v1/check", json={"text": "Hi"})

    assert ours.status_code == 500
    assert ours.json()["error"] == {
        "code": "internal_error",
        "message": "The service failed at this request. Tell the operator the X-Request-Id.",
    }
    assert len(ours.headers["x-request-id"]) == 32
    assert ours.headers["x-content-type-options"] == "nosniff"
    assert failing.post("/v1/classify", json={"inputs": "Hi"}).status_code == 200


def test_a_failure_is_counted_as_one(failing):
    failing.post("/v1/check", json={"text": "Hi"})

    text = failing.get("/metrics").text
    assert 'tonecheck_requests_total{method="POST",route="/v1/check",status="500"} 1.0' in text


TELEMETRY = """
import json
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))
from fastapi.testclient import TestClient
from tonecheck import load
from tonecheck.service.app import create_app
from tonecheck.service.settings import read
app = create_app(read(database="sqlite:///store.sqlite"), checker=load("linear-en"))
with TestClient(app, "http://127.0.0.1") as client:
    client.post("/v1/check?key=tck_secret", json={"text": "You are an idiot."})
    client.get("/v1/authors/kim")
print(reader.get_metrics_data().to_json(), [span.to_json() for span in spans.get_finished_spans()])
"""


def test_opentelemetry_gets_routes_and_times_but_neither_keys_nor_names_nor_texts(tmp_path):
    pytest.importorskip("opentelemetry.sdk", reason="pip install tonecheck[telemetry]")

    done = subprocess.run(
        [sys.executable, "-c", TELEMETRY], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    assert "/v1/check" in done.stdout
    for secret in ("tck_secret", "kim", "idiot"):
        assert secret not in done.stdout
