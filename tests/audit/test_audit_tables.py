import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.audit.flat import ADVICE, keepable
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import FILES, run_audit
from tonecheck.audit.tables import TABLES
from tonecheck.errors import InputError, MissingExtraError
from tonecheck.labels import TONES

BOTH = tuple(TABLES)
GUIDE = Path(__file__).parents[2] / "docs" / "sql.md"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def query(out, sql):
    with closing(sqlite3.connect(out / "verdicts.sqlite")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(sql)]


def parquet(out):
    return pq.read_table(out / "verdicts.parquet").to_pylist()


def files(out):
    return sorted(path.name for path in out.iterdir())


def test_tables_are_written_only_where_they_are_asked_for(audit, forum):
    assert files(audit(forum, also=BOTH)) == sorted([*FILES, *TABLES.values()])
    assert files(audit(forum, also=("sqlite",))) == sorted([*FILES, "verdicts.sqlite"])
    assert files(audit(forum)) == sorted(FILES)  # those of the earlier audit are gone


def test_another_table_is_refused_before_anything_is_written(audit, forum, tmp_path):
    with pytest.raises(
        InputError,
        match=r"no table 'xlsx' to write the verdicts to\. --also takes parquet and sqlite; JSON",
    ):
        audit(forum, also=("sqlite", "xlsx"))
    assert not (tmp_path / "out").exists()


def test_parquet_without_its_extra_says_what_to_install(audit, forum, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "tonecheck\[reports\]"'):
        audit(forum, also=("parquet",))
    assert not (tmp_path / "out").exists()
    audit(forum, also=("sqlite",))


def test_both_tables_hold_what_the_verdict_lines_hold(audit, forum, lines):
    out = audit([*forum, {"text": "mañana"}, {"text": " "}], also=BOTH)
    rows = lines(out / "verdicts.jsonl")
    kept = query(out, "SELECT * FROM messages ORDER BY message")
    columns = parquet(out)
    assert len(rows) == len(kept) == len(columns) == 8
    for number, (row, cells, record) in enumerate(zip(rows, kept, columns, strict=True), start=1):
        for table in (cells, record):
            assert table["message"] == number
            for name in (
                "id",
                "thread",
                "title",
                "author",
                "place",
                "answer",
                "text",
                "explanation",
            ):
                assert (table[name] or "") == (row[name] or ""), name
            assert table["note"] == row["note"]
            assert table["judged"] == (row["note"] is None)
            assert table["truncated"] == row["truncated"]
        for tone, score in row["tones"].items():
            assert cells[tone] == record[tone] == score["probability"]
            assert record[f"{tone}_decision"] == score["decision"]
            assert record[f"{tone}_severity"] == score["severity"]
        spans = [
            {"tone": tone, "stop": span.pop("end"), **span}
            for tone, score in row["tones"].items()
            for span in score["evidence"]
        ]
        assert record["evidence"] == spans
        found = query(out, f"SELECT * FROM evidence WHERE message = {number}")
        assert found == [{"message": number, **span} for span in spans]


def test_marks_are_what_is_flagged_or_unsure_among_the_judged(audit, forum):
    out = audit([*forum, {"text": "mañana idiot"}], also=("sqlite",))
    found = query(
        out, "SELECT m.id, k.* FROM marks k JOIN messages m USING (message) ORDER BY m.id, tone"
    )
    assert [(row["id"], row["tone"], row["decision"], row["severity"]) for row in found] == [
        ("m2", "dismissiveness", "yes", "clear"),
        ("m4", "hostility", "yes", "clear"),
        ("m4", "hustling", "yes", "mild"),
        ("m6", "dismissiveness", "unsure", "mild"),
    ]


def test_the_view_of_what_is_flagged_says_who_was_answered_and_with_which_words(audit, forum):
    found = query(audit(forum, also=("sqlite",)), "SELECT * FROM flagged ORDER BY message, tone")
    assert [(row["author"], row["answers_author"], row["words"]) for row in found] == [
        ("Member 02", "Member 01", "google it"),
        ("Member 02", "Member 01", "idiot"),
        ("Member 02", "Member 01", "obviously"),
    ]


def test_an_answer_names_the_row_of_what_it_answers(audit, forum):
    out = audit(list(reversed(forum)), also=BOTH)
    ids = {row["message"]: row["id"] for row in parquet(out)}
    answers = {row["id"]: ids.get(row["answers"]) for row in parquet(out)}
    assert answers == dict(m1=None, m2="m1", m3=None, m4="m1", m5="m3", m6="m5")
    assert query(out, "SELECT id, answers FROM messages ORDER BY message") == [
        {"id": row["id"], "answers": row["answers"]} for row in parquet(out)
    ]


def test_threads_of_two_exports_are_told_apart(tmp_path, checker, write_export, without_charts):
    row = {"thread": "a", "text": "you idiot"}
    exports = [write_export([row], "one.jsonl"), write_export([row], "two.jsonl")]
    out = run_audit(exports, tmp_path / "out", checker, options=AuditOptions(also=BOTH)).out
    summary = json.loads((out / "summary.json").read_text())
    keys = [row["key"] for row in summary["threads"]["ranked"]]
    assert sorted(keys) == [row["thread_key"] for row in parquet(out)] == [1, 2]
    assert query(out, "SELECT count(DISTINCT thread_key) AS n FROM messages") == [{"n": 2}]


def test_times_are_in_utc_and_none_where_no_chat_is_from_then(audit):
    dates = ["2026-09-07T23:30:00.250-02:00", "0001-01-01T00:00:00+14:00", 0, None]
    out = audit([{"id": str(n), "text": "x", "time": date} for n, date in enumerate(dates)],
                also=BOTH)  # fmt: skip
    moment = datetime(2026, 9, 8, 1, 30, 0, 250_000, UTC)
    assert {row["id"]: row["time"] for row in parquet(out)} == {"0": moment} | dict.fromkeys("123")
    assert query(out, "SELECT id, date(time) AS day, time FROM messages WHERE time <> ''") == [
        {"id": "0", "day": "2026-09-08", "time": "2026-09-08 01:30:00"}
    ]


def test_members_are_named_only_where_that_is_asked_for(audit, forum):
    hidden, shown = [], []
    for names, found in ((False, hidden), (True, shown)):
        out = audit(forum, also=BOTH, names=names)
        for rows in (parquet(out), query(out, "SELECT * FROM messages")):
            found += [row[name] for row in rows for name in ("author", "answers_author")]
    assert {*hidden} == {None, "Member 01", "Member 02", "Member 03", "Member 04"}
    assert {*shown} == {None, "Maya Okafor", "Rhys Gale", "Ines Sol", "Tomo Abe"}


def test_both_tables_say_with_what_they_were_made_and_who_decides(audit, forum):
    out = audit(forum, also=BOTH)
    about = {row["name"]: row["value"] for row in query(out, "SELECT * FROM about")}
    assert (about["model"], about["schema"], about["advice"]) == ("words@1.0.0", "1", ADVICE)
    metadata = pq.read_schema(out / "verdicts.parquet").metadata
    assert metadata[b"tonecheck.model"] == b"words@1.0.0"
    assert metadata[b"tonecheck.advice"] == ADVICE.encode()
    (tone,) = query(out, "SELECT * FROM tones WHERE tone = 'hustling'")
    assert (tone["unsure_at"], tone["yes_at"], tone["clear_at"]) == (0.4, 0.55, 0.8)
    assert (tone["precision"], tone["precision_low"], tone["precision_high"]) == (0.72, 0.6, 0.8)


def test_a_model_that_states_no_precision_leaves_it_open(audit, forum, checker):
    checker.card = {}
    assert query(audit(forum, also=("sqlite",)), "SELECT precision FROM tones") == [
        {"precision": None}
    ] * len(TONES)


def test_the_columns_of_the_parquet_file_are_typed(audit):
    schema = pq.read_schema(audit([{"text": "x"}], also=("parquet",)) / "verdicts.parquet")
    assert schema.field("time").type == pa.timestamp("us", tz="UTC")
    assert schema.field("hostility").type == pa.float64()
    assert schema.field("judged").type == pa.bool_()
    assert schema.field("answers").type == pa.int64()
    assert [field.name for field in schema.field("evidence").type.value_type] == [
        *("tone", "start", "stop", "text", "cue", "weight")
    ]


@pytest.mark.parametrize("limit", ["_GROUP_ROWS", "_GROUP_CHARS"])
def test_parquet_is_written_a_group_at_a_time(audit, monkeypatch, limit):
    monkeypatch.setattr("tonecheck.audit.parquet._BATCH_ROWS", 3)
    monkeypatch.setattr(f"tonecheck.audit.parquet.{limit}", {"_GROUP_ROWS": 4}.get(limit, 400))
    rows = [{"id": str(n), "text": "x" * 80} for n in range(10)]
    file = pq.ParquetFile(audit(rows, also=("parquet",)) / "verdicts.parquet")
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert sizes == [4, 4, 2]
    assert file.read().column("id").to_pylist() == [str(n) for n in range(10)]


def test_the_guide_explains_every_table_and_column(audit, forum):
    out = audit(forum, also=BOTH)
    guide = GUIDE.read_text(encoding="utf-8")
    for (name,) in map(dict.values, query(out, "SELECT name FROM pragma_table_info('messages')")):
        assert f"`{name}`" in guide, name
    tables = query(out, "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')")
    for table in tables:
        if not table["name"].startswith("sqlite_"):
            assert f"| `{table['name']}` |" in guide
    assert "-- where" not in guide
    assert any("-- a pseudonym, unless names" in table["sql"] for table in tables if table["sql"])


@pytest.mark.parametrize("at", [("writing", 50), ("writing", 150)])
def test_an_audit_stopped_while_it_writes_ends_with_the_same_tables(
    tmp_path, checker, write_export, forum, without_charts, at
):
    export = write_export([{**row, "id": f"{n}"} for n in range(25) for row in forum])

    def stop(*step):
        if step[:2] == at:
            raise KeyboardInterrupt

    def run(out, **options):
        options = AuditOptions(also=BOTH, **options)
        return run_audit([export], tmp_path / out, checker, options=options).out

    with pytest.raises(KeyboardInterrupt):
        run("out", on_progress=stop)
    assert files(tmp_path / "out") == [".audit"]
    said = []
    out, whole = run("out", on_notice=said.append), run("whole")
    assert said == ["going on where it was: all 150 judged"]
    for name in (*FILES, *TABLES.values()):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def test_a_table_that_is_asked_for_later_costs_no_judging(
    tmp_path, checker, write_export, forum, without_charts
):
    def stop(phase, done, total):
        if phase == "writing":
            raise KeyboardInterrupt

    exports, out = [write_export(forum * 9)], tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run_audit(exports, out, checker, options=AuditOptions(on_progress=stop))
    checker.seen.clear()
    run_audit(exports, out, checker, options=AuditOptions(also=("sqlite",)))
    assert not checker.seen
    assert query(out, "SELECT count(*) AS n FROM messages") == [{"n": 6}]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(
    st.fixed_dictionaries({
        "text": st.one_of(ANY_TEXT, ANY_TEXT.map("{} you idiot".format)),
        "author": ANY_TEXT, "title": ANY_TEXT, "thread": ANY_TEXT, "id": ANY_TEXT,
    }),
    min_size=1, max_size=4,
))  # fmt: skip
def test_any_text_is_kept_and_its_offsets_hold(rows, checker, without_charts, lines):
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder, "forum.jsonl")
        export.write_text("".join(json.dumps(row) + "\n" for row in rows))
        options = AuditOptions(also=BOTH, names=True)
        out = run_audit([export], Path(folder, "out"), checker, options=options).out
        verdicts = lines(out / "verdicts.jsonl")
        records, cells = parquet(out), query(out, "SELECT * FROM messages ORDER BY message")
        words = query(
            out,
            "SELECT e.text, substr(m.text, e.start + 1, e.stop - e.start) AS cut "
            "FROM evidence e JOIN messages m USING (message)",
        )
    for verdict, record, row in zip(verdicts, records, cells, strict=True):
        for name in ("text", "author", "title", "thread", "id"):
            assert (record[name] or "") == (row[name] or "") == keepable(verdict[name])
        assert all(e["text"] == record["text"][e["start"] : e["stop"]] for e in record["evidence"])
    assert all(row["text"] == row["cut"] for row in words)
