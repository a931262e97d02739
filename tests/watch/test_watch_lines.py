import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tonecheck.watch.jsonl import Splitter, Spot
from tonecheck.watch.source import Reading


def test_a_thread_that_crosses_the_line_is_told_of_once_with_what_shows_it(watch, log, rows):
    _, _, pile = rows
    one = watch(log.write(*pile("a"), *pile("b")).path).look()
    log.write({"id": "a9", "thread": "a", "author": "lea", "text": "idiot", "reply_to": "a1"})
    one.look()

    assert one.told == ["a", "b"]
    alert = one.alerts[0]
    assert alert["reason"] == "pile_on"
    assert alert["place"] == "forum.jsonl:4"
    assert alert["messages"] == [
        {"id": key, "place": f"forum.jsonl:{line}"}
        for line, key in enumerate(("a2", "a3", "a4"), 2)
    ]
    assert alert["text"].startswith("Thread a (forum.jsonl:4): 3 people turned on the same person")
    assert "a person reads the thread and decides" in alert["text"]
    assert "idiot" not in json.dumps(alert)
    assert "ben" not in json.dumps(alert)


def test_words_and_names_are_told_only_when_asked_for(watch, log, rows):
    _, _, pile = rows
    one = watch(log.write(*pile()).path, with_text=True).look()

    assert one.alerts[0]["messages"][0]["author"] == "ben"
    assert one.alerts[0]["messages"][0]["text"] == "You idiot."


def test_a_last_line_waits_until_it_is_complete(watch, log, rows):
    _, _, pile = rows
    *before, last = pile()
    line = json.dumps(last).encode()
    one = watch(log.write(*before, line[:20]).path).look(2)
    assert (one.told, one.bad) == ([], [])

    log.write(line[20:])  # still without a line break, but closed
    one.look()
    log.write(b"\n", {"id": "z", "text": "fine"}, b"nope\n")
    one.look()

    assert one.told == ["t"]
    assert one.watcher.counts.messages == 5
    assert [row.place for row in one.bad] == ["forum.jsonl:6"]


def test_a_broken_line_is_named_by_its_place_and_costs_no_other(watch, log, rows):
    _, _, pile = rows
    first, *others = pile()
    log.write(first, b"{broken\n", b"[1]\n", {"id": "x", "text": 7}, *others)
    one = watch(log.path).look(2)

    assert one.told == ["t"]
    assert [row.place for row in one.bad] == [f"forum.jsonl:{line}" for line in (2, 3, 4)]
    assert one.watcher.counts.bad == 3


def test_a_message_that_cannot_be_judged_costs_no_other_and_says_no_words_of_it(watch, log, rows):
    row, _, pile = rows
    first, *others = pile()
    one = watch(log.write(first, row("x", text="unjudgeable"), *others).path).look()

    assert one.told == ["t"]
    assert one.reasons == ["could not be judged (RuntimeError). Please report."]
    assert one.bad[0].place == "forum.jsonl:2"


def test_after_a_restart_it_goes_on_where_it_was_and_remembers_what_stood_before(
    watch, log, rows, tmp_path
):
    _, _, pile = rows
    *before, last = pile("a")
    state = tmp_path / "watch.sqlite"
    first = watch(log.write(*pile("b"), *before).path, state).look()
    first.close()
    log.write(last, *pile("c"))
    second = watch(log.path, state).look()

    assert (first.told, second.told) == (["b"], ["a", "c"])
    assert second.alerts[0]["messages"][0]["place"] == "forum.jsonl:6"
    assert second.watcher.counts.messages == 5
    assert state.stat().st_mode & 0o777 == 0o600
    assert b"idiot" not in state.read_bytes()
    assert b"ben" not in state.read_bytes()


def test_nobody_is_told_twice_although_a_file_is_read_again(watch, log, rows, tmp_path):
    _, _, pile = rows
    state = tmp_path / "watch.sqlite"
    first = watch(log.write(*pile()).path, state).look()
    first.close()
    log.path.write_bytes(b"")
    log.write({"id": "new", "thread": "t", "text": "another start"}, *pile())
    second = watch(log.path, state).look()

    assert (first.told, second.told) == (["t"], [])
    assert second.reasons == ["was replaced since the last run, so it is read from its start."]


def test_a_thread_may_be_told_of_again_after_a_while(watch, log, rows):
    row, _, pile = rows
    now = [1_000.0]
    watching = watch(log.path, again_after=60.0, clock=lambda: now[0])
    for moment, thread in ((1_000.0, "a"), (1_030.0, "b"), (1_061.0, "c")):
        now[0] = moment
        log.write(*(row(f"{thread} calm {n}", author=f"p{n}") for n in range(30)))
        log.write(*({**one, "thread": "t"} for one in pile(thread)))
        watching.look()

    assert [alert["at"][14:19] for alert in watching.alerts] == ["16:40", "17:41"]


def test_a_file_that_was_cut_off_is_read_from_its_start(watch, log, rows):
    _, _, pile = rows
    *before, last = pile()
    one = watch(log.write(*before).path).look()
    with log.path.open("r+b") as file:
        file.truncate()
    log.write(last)
    one.look()

    assert one.told == ["t"]  # the thread goes on in what came after
    assert one.reasons == ["was replaced by a new file, so it is read from its start."]


def test_a_file_that_made_room_for_the_next_is_read_to_its_end(watch, log, rows):
    _, _, pile = rows
    first, second, third, fourth = pile()
    one = watch(log.write(first, second).path).look()
    with log.path.open("ab") as writer:  # which has not noticed yet
        log.path.rename(log.path.with_suffix(".1"))
        writer.write(json.dumps(third).encode() + b"\n" + b'{"half')
        writer.flush()
        log.write(fourth)
        one.look(2)

    assert one.told == ["t"]
    assert one.watcher.counts.messages == 4
    assert one.bad[0].reason == "the last line breaks off, so it is lost."


def test_a_file_that_is_replaced_by_itself_and_more_is_read_on(watch, log, rows):
    _, _, pile = rows
    *before, last = pile()
    one = watch(log.write(*before).path).look()
    new = log.path.with_name("new")
    new.write_bytes(log.path.read_bytes() + json.dumps(last).encode() + b"\n")
    new.replace(log.path)
    one.look(2)

    assert (one.told, one.bad) == (["t"], [])
    assert one.watcher.counts.messages == 4


def test_a_file_that_was_written_anew_is_read_anew(watch, log, rows):
    row, _, pile = rows
    rest = [row(f"x{n}", "other") for n in range(20)]
    one = watch(log.write(*rest, *pile()).path).look()
    assert one.told == ["t"]
    content = log.path.read_bytes().replace(b"You idiot.", b"I see it.")
    log.path.write_bytes(content)
    one.look()

    assert one.reasons == ["was written anew, so it is read from its start."]
    assert one.watcher.threads == 2


def test_rotated_files_of_a_folder_are_not_read_twice(watch, log, rows, tmp_path):
    _, _, pile = rows
    log.write(*pile("a"))
    one = watch(log.path.parent).look(2)
    log.path.rename(tmp_path / "forum.jsonl.1")
    one.look()
    log.write(*pile("b"))
    one.look(4)

    assert one.told == ["a", "b"]
    assert one.watcher.counts.messages == 8


def test_an_edit_that_makes_a_message_unkind_counts(watch, log, rows):
    _, _, pile = rows
    *before, last = pile()
    one = watch(log.write(*before, {**last, "text": "Fine."}).path).look()
    assert one.told == []
    log.write(last, last)
    one.look()

    assert one.told == ["t"]
    assert one.watcher.counts.edited == 1


def test_a_message_that_was_taken_back_counts_no_more(watch, log, rows):
    _, _, pile = rows
    first, second, third, fourth = pile()
    gone = {"id": third["id"], "thread": "t", "deleted": True}
    one = watch(log.write(first, second, third, gone, fourth).path).look()

    assert (one.told, one.bad) == ([], [])
    assert one.watcher.counts.deleted == 1


def test_what_is_there_at_the_first_look_can_count_as_read(watch, log, rows):
    _, _, pile = rows
    *before, last = pile("b")
    log.write(*pile("a"), *before)
    one = watch(log.path, reading=Reading(only_new=True)).look()
    assert (one.told, one.texts) == ([], [])
    log.write(last)
    one.look()

    assert one.told == ["b"]
    assert one.watcher.counts.messages == 1


def test_threads_without_news_are_dropped_when_there_are_too_many(watch, log, rows):
    row, _, pile = rows
    *before, last = pile()
    others = [row(f"x{n}", f"other {n}") for n in range(3)]
    one = watch(log.write(*before, *others, last).path, threads=3).look()

    assert one.told == []
    assert one.watcher.threads == 3


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
def test_lines_are_the_same_however_they_come(lines, cuts):
    content = b"".join(line + b"\n" for line in lines)
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    splitter = Splitter(Spot())
    found = [one for start, end in pairwise(edges) for one in splitter.feed(content[start:end])]

    assert [line for _, line in found] == [line for line in lines if line.strip()]
    assert splitter.spot == Spot(len(content), len(lines))
    assert [spot.line for spot, _ in found] == [
        n for n, line in enumerate(lines, 1) if line.strip()
    ]
