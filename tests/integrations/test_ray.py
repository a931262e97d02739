"""Audits on a Ray cluster of two nodes, each with one core, on this machine."""

import json
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray.data", reason="Ray is not installed")

import ray
from ray.cluster_utils import Cluster

from tonecheck import load
from tonecheck.audit.run import AuditOptions, run_audit
from tonecheck.integrations.ray import RayEngine, ShardOptions

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray's own are many

SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "community.jsonl"
NODE = {"num_cpus": 1, "object_store_memory": 100 * 1024**2, "include_dashboard": False}
MODEL = "linear-en"
SHARDS = 4
COPIES = 3  # of the sample, for both nodes to have something to do


@pytest.fixture
def cluster(monkeypatch):
    for key, value in {
        "RAY_USAGE_STATS_ENABLED": "0",
        # a machine that is busy with other things takes its time
        "RAY_worker_register_timeout_seconds": "600",
        "RAY_agent_register_timeout_ms": "600000",
        "RAY_health_check_timeout_ms": "60000",
        "RAY_worker_niceness": "0",  # 15 behind everything else, it might not get on at all
    }.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    nodes = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture
def shards(tmp_path):
    """Write the sample community as shards with whole threads; one row cannot be read."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    folder = tmp_path / "shards"
    folder.mkdir()
    for number in range(SHARDS):
        lines = [
            json.dumps({**row, "thread": f"{row['thread']} {copy}", "id": f"{row['id']} {copy}"})
            for copy in range(COPIES)
            for row in rows
            if int(row["thread"][1:]) % SHARDS == number
        ]
        text = "\n".join([*lines, "nope"] if number == 1 else lines)
        (folder / f"part-{number}.jsonl").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


class Losing(RayEngine):
    """Loses a node when it has handed over its first verdict."""

    def __init__(self, *args, lose, **options):
        super().__init__(*args, **options)
        self.lose = lose

    def read(self, position):
        for count, row in enumerate(super().read(position)):
            if position == 0 and count == 0:
                self.lose()
            yield row


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def used(node):
    """Return whether an actor or a task is at work on a node."""
    free = ray._private.state.available_resources_per_node()
    return free.get(node.node_id, {}).get("CPU", 0.0) < 1


def test_two_nodes_write_what_one_machine_writes_and_so_they_do_when_one_is_lost(
    cluster, shards, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "altair", None)  # charts take long
    second = cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False)
    places, options = [str(path) for path in shards], ShardOptions(model=MODEL)

    def lose():
        wait_until(lambda: used(second))
        cluster.remove_node(second, allow_graceful=False)

    engines = {
        "two": RayEngine(places, options=options),
        "lost": Losing(places, options=options, lose=lose),
    }
    audit_options = AuditOptions(title="Community")
    run_audit(shards, tmp_path / "here", load(MODEL), options=audit_options)
    for name, engine in engines.items():
        run_audit(engine, tmp_path / name, load(MODEL), options=audit_options)
        for file in (tmp_path / "here").iterdir():
            assert (tmp_path / name / file.name).read_bytes() == file.read_bytes(), file.name
    wait_until(lambda: sorted(node["Alive"] for node in ray.nodes()) == [False, True])
    assert json.loads((tmp_path / "lost" / "summary.json").read_bytes())["problems"] == 1
