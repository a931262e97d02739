"""Audits on a Ray cluster of two nodes, each with two cores, on this machine."""

import json
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("ray.data", reason="Ray is not installed")

import ray
from ray.cluster_utils import Cluster

from tonecheck import load
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.integrations.ray import RayEngine, ShardOptions

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray's own are many

SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "community.jsonl"
NODE = {"num_cpus": 2, "object_store_memory": 100 * 1024**2, "include_dashboard": False}
MODEL = "linear-en"
SHARDS = 4
COPIES = 3  # of the sample, for both nodes to have something to do


@pytest.fixture
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        for key, value in {
            "RAY_USAGE_STATS_ENABLED": "0",
            # a machine that is busy with other things takes its time
            "RAY_worker_register_timeout_seconds": "600",
            "RAY_agent_register_timeout_ms": "600000",
            "RAY_health_check_timeout_ms": "20000",
            "RAY_worker_niceness": "0",  # 15 behind everything else, it might not get on at all
        }.items():
            patch.setenv(key, value)
        patch.delenv("RAY_ADDRESS", raising=False)
        nodes = Cluster(initialize_head=True, head_node_args=NODE)
        try:
            nodes.second = nodes.add_node(**NODE)
            ray.init(address=nodes.address, log_to_driver=False)
            yield nodes
        finally:
            ray.shutdown()
            nodes.shutdown()


@pytest.fixture(autouse=True)
def without_charts(monkeypatch):
    """Make the extra that draws charts look as if it were not installed, to save time."""
    monkeypatch.setitem(sys.modules, "altair", None)


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


def audited(exports, out):
    """Return the files of an audit."""
    run_audit(exports, out, load(MODEL), options=AuditOptions(title="Community"))
    return {path.name: path.read_bytes() for path in out.iterdir()}


def engine(shards):
    return RayEngine([str(path) for path in shards], options=ShardOptions(model=MODEL))


def lose_at_work(cluster):
    """Kill the second node as soon as an actor is there, which asks for a part of a core."""
    end = time.monotonic() + 400
    while time.monotonic() < end:
        free = ray._private.state.available_resources_per_node()
        if free.get(cluster.second.node_id, {}).get("CPU", 0) % 1:
            cluster.remove_node(cluster.second, allow_graceful=False)
            return
        time.sleep(0.05)


def test_two_nodes_write_what_one_machine_writes(cluster, shards, tmp_path):
    there, here = audited(engine(shards), tmp_path / "there"), audited(shards, tmp_path / "here")
    assert there == here
    assert json.loads(here["summary.json"])["problems"] == 1


def test_a_node_that_is_killed_at_work_changes_nothing(cluster, shards, tmp_path):
    loss = Thread(target=lose_at_work, args=(cluster,), daemon=True)
    loss.start()
    there = audited(engine(shards), tmp_path / "there")
    loss.join(timeout=60)
    assert not loss.is_alive()
    assert sorted(node["Alive"] for node in ray.nodes()) == [False, True]
    assert there == audited(shards, tmp_path / "here")
