import csv
import os
import shutil
from pathlib import Path

import pytest

from tonecheck.errors import InputError
from tonecheck.watch.source import Reading

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def write(path, rows):
    """Replace a table of CSV in one go, as an export does."""
    names = ["id", "thread", "author", "time", "reply_to", "text"]
    new = path.with_name(f".{path.name}")
    with new.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        table.writerows(
            {"time": f"2026-09-01T10:{minute:02}:00Z", **row} for minute, row in enumerate(rows)
        )
    new.replace(path)
    return path


def test_an_export_that_is_replaced_is_read_again_and_only_what_is_new_is_judged(
    watch, rows, tmp_path
):
    _, _, pile = rows
    *before, last = pile()
    path = write(tmp_path / "export.csv", before)
    one = watch(path).look(2)
    assert (one.told, one.watcher.counts.messages) == ([], 3)
    write(path, [*before, last])
    one.look()
    assert one.watcher.counts.messages == 3  # it may still be growing
    one.look(3)

    assert one.told == ["t"]
    assert one.watcher.counts.messages == 4
    assert one.alerts[0]["place"] == "export.csv:5"


def test_after_a_restart_an_export_gives_what_stood_before(watch, rows, tmp_path):
    _, _, pile = rows
    *before, last = pile()
    state, path = tmp_path / "state.sqlite", write(tmp_path / "export.csv", before)
    watch(path, state).look(2).close()
    write(path, [*before, last])
    second = watch(path, state, reading=Reading(last=True)).look()
    second.close()
    third = watch(path, state, reading=Reading(last=True)).look()

    assert (second.told, second.watcher.counts.messages) == (["t"], 1)
    assert third.texts == []


def test_an_edit_in_an_export_takes_the_place_of_what_was_there(watch, rows, tmp_path):
    _, _, pile = rows
    *before, last = pile()
    path = write(tmp_path / "export.csv", [*before, {**last, "text": "Fine."}])
    one = watch(path).look(2)
    write(path, [*before, last])
    one.look(2)

    assert one.told == ["t"]
    assert one.watcher.counts.edited == 1


def test_a_message_that_an_export_no_longer_holds_counts_no_more(watch, rows, tmp_path):
    _, _, pile = rows
    first, second, third, fourth = pile()
    path = write(tmp_path / "export.csv", [first, second, third])
    one = watch(path).look(2)
    write(path, [first, second, fourth])
    one.look(2)

    assert (one.told, one.watcher.counts.deleted) == ([], 1)


def test_an_export_that_begins_later_takes_nothing_back(watch, rows, tmp_path):
    _, _, pile = rows
    first, second, third, fourth = pile()
    path = write(tmp_path / "export.csv", [first, second, third])
    one = watch(path).look(2)
    write(path, [third, fourth])
    one.look(2)

    assert (one.told, one.watcher.counts.deleted) == (["t"], 0)


def test_exports_that_overlap_in_a_folder_count_each_message_once(watch, rows, tmp_path):
    _, _, pile = rows
    *before, last = pile()
    write(tmp_path / "monday.csv", before)
    one = watch(tmp_path).look(2)
    write(tmp_path / "tuesday.csv", [*before[1:], last])
    (tmp_path / "half.csv.part").write_text("id,te")
    one.look(3)
    (tmp_path / "monday.csv").unlink()
    one.look(3)

    assert one.told == ["t"]
    assert one.watcher.counts.messages == 4


def test_what_is_new_in_an_export_arrives_in_the_order_of_time(watch, rows, tmp_path):
    row, _, _ = rows
    late, early = (row(k, text=k, time=f"2026-09-0{d}T00:00:00Z") for k, d in (("b", 2), ("a", 1)))
    one = watch(write(tmp_path / "export.csv", [late, early])).look(2)

    assert one.texts == ["a", "b"]


def test_a_file_that_is_no_export_is_told_of_once_and_costs_no_other(watch, log, rows):
    _, _, pile = rows
    log.path.with_name("notes.txt").write_text("To do: nothing.\n")
    one = watch(log.write(*pile()).path.parent).look(3)

    assert one.told == ["t"]
    assert len(one.bad) == 1
    assert one.bad[0].place == "notes.txt"
    assert "no format is recognised" in one.bad[0].reason


def test_the_formats_of_chats_are_watched_as_well(watch, tmp_path):
    for name in ("slack-export.zip", "moodle-forum.csv", "discord-channel.json"):
        shutil.copy(SAMPLES / name, tmp_path)
    one = watch(tmp_path, reading=Reading(last=True)).look()
    read = one.watcher.counts.messages
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    one.look()

    assert read > 100
    assert one.watcher.counts.messages == read
    assert one.bad == []


def test_a_place_that_is_not_there_is_an_error(watch, tmp_path):
    with pytest.raises(InputError, match=r"there is no such file or folder\. Check the path\."):
        watch(tmp_path / "nothing.jsonl")


def test_a_state_is_used_by_one_watcher_at_a_time(watch, log, tmp_path):
    watch(log.path, tmp_path / "state.sqlite")
    with pytest.raises(InputError, match=r"another watcher uses this state\. End that one, or"):
        watch(log.path, tmp_path / "state.sqlite")


@pytest.mark.parametrize("content", [b"no database at all, but some words of somebody\n" * 30])
def test_a_file_of_others_is_no_state_and_stays_as_it_is(watch, log, tmp_path, content):
    path = tmp_path / "mine"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no state of a watcher, or is damaged"):
        watch(log.path, path)
    assert path.read_bytes() == content
