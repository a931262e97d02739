import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tonecheck
from tonecheck.audit.spool import Spool
from tonecheck.errors import InputError, ModelError
from tonecheck.exports import read_export
from tonecheck.integrations.judging import Judge, Model, in_order, message_of, row_of
from tonecheck.integrations.stages import SHARD_BITS, Plan, link, read_shard
from tonecheck.integrations.storage import find_shards
from tonecheck.messages import BadRow
from tonecheck.modelstore import open_model

SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "community.jsonl"


def write(path, rows):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def plan_of(folder, *, buckets=3, done=0):
    return Plan(
        shards=tuple(find_shards([str(folder)])),
        format="table",
        columns=None,
        buckets=buckets,
        done=done,
    )


def linked(plan):
    """Do by hand what a cluster does: sort what was read into buckets, and link each."""
    shards = range(len(plan.shards))
    tables = [table for position in shards for table in read_shard(plan, position)]
    read = pa.concat_tables(tables)
    buckets = [read.filter(pc.equal(read["bucket"], number)) for number in range(plan.buckets)]
    return pa.concat_tables(map(link, buckets)).sort_by("number")


def parents(plan):
    """Return the id of every message and the text that it answers."""
    rows = [(json.loads(row["body"])["message"], row["parent"]) for row in linked(plan).to_pylist()]
    return [(row["id"], message_of(row, parent=parent).parent) for row, parent in rows]


IDS = st.sampled_from(["", "a", "b", "c"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": IDS,
            "thread": st.sampled_from(["t", "u"]),
            "reply_to": IDS,
            "text": st.sampled_from(["Hi", "No", "\ud83d", "Why?"]),
            "parent": st.sampled_from([None, None, "Given by the export."]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=ROWS, cuts=st.integers(1, 4), buckets=st.integers(1, 4))
def test_answers_get_the_text_that_they_get_on_one_machine(tmp_path, rows, cuts, buckets):
    folder = tmp_path / "shards"
    for number in range(4):
        write(folder / f"{number}.jsonl", rows[number::4] if cuts > number else [])
    shards = [path for path in sorted(folder.iterdir()) if path.stat().st_size]
    for path in folder.iterdir():
        if path not in shards:
            path.unlink()
    (tmp_path / "spool").unlink(missing_ok=True)
    with Spool(tmp_path / "spool") as spool:
        kept = [
            spool.add(row, source="table 0")
            for path in shards
            for row in read_export(path)
            if not isinstance(row, BadRow)
        ]
        spool.sort()
        wanted = sorted((s.seq, s.message.id, s.message.parent) for s in spool.in_order())
    found = [row for row, new in zip(parents(plan_of(folder, buckets=buckets)), kept, strict=True)
             if new]  # fmt: skip
    assert found == [(id, parent) for _, id, parent in wanted]


def test_verdicts_are_those_of_one_machine_whatever_the_batches(tmp_path):
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()[:60]]
    write(tmp_path / "shards" / "a.jsonl", rows[:25])
    write(tmp_path / "shards" / "b.jsonl", rows[25:])
    write(tmp_path / "whole.jsonl", rows)
    checker = tonecheck.load("linear-en")
    with Spool(tmp_path / "spool") as spool:
        for row in read_export(tmp_path / "whole.jsonl"):
            spool.add(row, source="table 0")
        spool.sort()
        stored = sorted(spool.in_order(), key=lambda stored: stored.seq)
        wanted = [v.to_dict() for v in checker.check_many(s.message for s in stored)]
    table = linked(plan_of(tmp_path / "shards"))
    judge = Judge(Model.pack("linear-en", None, label=checker.model))
    halves = judge(table.slice(40)), judge(table.slice(0, 40))
    assert [json.loads(verdict) for _, _, verdict in in_order(reversed(halves))] == wanted


def test_bad_rows_keep_their_places_among_messages(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"text": "Hi"}\nnope\n{"text": "Yo"}\n', encoding="utf-8")
    first, bad, last = (row_of(row["body"]) for row in linked(plan_of(folder)).to_pylist())
    assert [first.text, last.text] == ["Hi", "Yo"]
    assert bad == next(row for row in read_export(folder / "a.jsonl") if isinstance(row, BadRow))


def test_a_shard_that_cannot_be_read_comes_last_of_its_rows_and_raises(tmp_path):
    folder = tmp_path / "shards"
    write(folder / "a.jsonl", [{"text": "Hi"}])
    (folder / "b.parquet").write_bytes(b"PAR1 and no more")
    write(folder / "c.jsonl", [{"text": "Yo"}])
    rows = linked(plan_of(folder)).to_pylist()
    assert [row["number"] >> SHARD_BITS for row in rows] == [0, 1, 2]
    with pytest.raises(InputError, match=r"b\.parquet: is not a complete Parquet file\. Write"):
        row_of(rows[1]["body"])


def test_shards_that_were_done_are_still_answered_and_not_judged_again(tmp_path):
    folder = tmp_path / "shards"
    write(folder / "a.jsonl", [{"id": "1", "text": "Why?"}, {"id": "2", "text": 5}])
    write(folder / "b.jsonl", [{"id": "3", "reply_to": "1", "text": "Google it."}])
    assert parents(plan_of(folder, done=1)) == [("3", "Why?")]


def test_a_model_folder_travels_and_keeps_its_thresholds(tmp_path):
    settings = tmp_path / "tonecheck.toml"
    settings.write_text("[policy.hostility]\nunsure_at = 0.01\nyes_at = 0.02\n", encoding="utf-8")
    folder = open_model("linear-en").path
    label = tonecheck.load("linear-en").model
    checker = Model.pack(str(folder), settings, label=label).unpack()
    assert checker.policy["hostility"].yes_at == 0.02
    text = "You are an idiot."
    assert checker.check(text) == tonecheck.load("linear-en", settings=settings).check(text)


def test_other_versions_on_a_machine_are_refused():
    model = Model.pack("linear-en", None, label="linear-en@0.0.1")
    with pytest.raises(ModelError, match=r"has the model linear-en@.* started with linear-en@0\.0"):
        model.unpack()
    with pytest.raises(ModelError, match=r"has tonecheck .* started with 0\.0\.0\. Install the"):
        replace(model, version="0.0.0").unpack()


def test_a_machine_that_cannot_use_the_model_says_so_in_the_place_of_verdicts(tmp_path):
    write(tmp_path / "shards" / "a.jsonl", [{"text": "Hi"}])
    judge = Judge(Model.pack("linear-en", None, label="linear-en@0.0.1"))
    ((_, body, verdict),) = in_order([judge(linked(plan_of(tmp_path / "shards")))])
    assert verdict is None
    with pytest.raises(ModelError, match=r"has the model linear-en@.* started with linear-en@0\.0"):
        row_of(body)


def test_parquet_shards_are_read_as_json_lines_are(tmp_path):
    rows = [
        {"id": "1", "reply_to": None, "text": "Why?"},
        {"id": "2", "reply_to": "1", "text": "Google it."},
    ]
    write(tmp_path / "lines" / "a.jsonl", rows)
    (tmp_path / "columns").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "columns" / "a.parquet")
    assert parents(plan_of(tmp_path / "columns")) == parents(plan_of(tmp_path / "lines"))
