import tracemalloc
from datetime import UTC, datetime

import pytest

from tonecheck.errors import InputError
from tonecheck.exports import read_export, sniff

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def table(tmp_path):
    """Writes columns as a Parquet file and returns its path."""

    def table(columns, **options):
        path = tmp_path / "chat.parquet"
        parquet.write_table(pyarrow.table(columns), path, **options)
        return path

    return table


def test_parquet_is_read_with_its_types(read, tmp_path):
    path = tmp_path / "chat.parquet"
    table = pyarrow.table(
        {
            "body": ["a", "b", None],
            "message_id": [1, 2, 3],
            "created_at": pyarrow.array([datetime(2026, 9, 8, 9)] * 3, pyarrow.timestamp("us")),
        }
    )
    parquet.write_table(table, path)
    assert sniff(path).name == "table"
    messages, bad = read(path)
    assert [(m.text, m.id, m.place) for m in messages] == [
        ("a", "1", "chat.parquet:1"),
        ("b", "2", "chat.parquet:2"),
    ]
    assert messages[0].time == datetime(2026, 9, 8, 9, tzinfo=UTC)
    assert bad == [
        ("chat.parquet:3", '"text" must be a string, got nothing. Give every row a "text".')
    ]


def test_a_truncated_parquet_file_is_refused(read, write):
    with pytest.raises(InputError, match=r"chat\.parquet: is not a complete Parquet file"):
        read(write("chat.parquet", b"PAR1" + b"\0" * 100))


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_every_kind_of_string_is_read(read, table, kind):
    texts = pyarrow.array(["a", "naïve", "a"], getattr(pyarrow, kind)())
    messages, _ = read(table({"text": texts}))
    assert [m.text for m in messages] == ["a", "naïve", "a"]


def test_columns_of_lists_are_left_out(read, table):
    (message,), bad = read(table({"text": ["a"], "id": [["x" * 50]], "post": [{"deep": "b"}]}))
    assert (message.text, message.id, bad) == ("a", "", [])


@pytest.mark.parametrize("is_dictionary", [True, False])
def test_a_row_over_the_limit_is_passed_over(read, table, monkeypatch, is_dictionary):
    from tonecheck.exports import parquet as reader

    monkeypatch.setattr(reader, "MAX_RECORD", 1_000)
    texts = ["before", "é" * 900, "x" * 1_001, "after", None]
    path = table({"text": texts, "title": ["t"] * 5}, use_dictionary=is_dictionary)
    messages, bad = read(path)
    assert [m.text for m in messages] == ["before", "é" * 900, "after"]
    assert bad[0] == (
        "chat.parquet:3",
        "this row is longer than 10,000,000 characters, so it was passed over. "
        "Shorten it, or leave it out.",
    )
    assert [place for place, _ in bad[1:]] == ["chat.parquet:5"]


def test_a_small_file_with_a_long_text_in_every_row_takes_little_memory(table):
    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 500, pyarrow.int32()), pyarrow.array(["x" * 1_000_000])
    )
    path = table({"text": texts}, compression="zstd")
    assert path.stat().st_size < 10_000
    read, largest = 0, 0
    tracemalloc.start()
    for message in read_export(path):
        read += len(message.text)
        largest = max(largest, pyarrow.total_allocated_bytes())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == 500_000_000
    assert peak < 60_000_000
    assert largest < 60_000_000


def test_a_file_that_says_that_it_unpacks_as_a_bomb_does_is_refused(read, table, monkeypatch):
    from tonecheck.exports import parquet as reader

    monkeypatch.setattr(reader, "MAX_ZIP_MEMBER", 100_000)
    path = table({"text": ["x" * 1_000_000]}, compression="zstd")
    with pytest.raises(InputError, match=r"chat\.parquet: unpacks to more than 200 times its size"):
        read(path)
