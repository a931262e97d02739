"""Every kind of export, cut off or failing late at any place, as downloads and full disks do."""

import random
import re
from pathlib import Path

import pytest

from tonecheck.errors import InputError
from tonecheck.exports import read_export, reader_named, sniff
from tonecheck.messages import BadRow, Message

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
CUTS = 20


def _is_whole(path):
    try:
        return path.is_file() and sniff(path) is not None
    except InputError:
        return False  # a part of an export that is packed when it is read


FIXTURES = [
    *filter(_is_whole, sorted((Path(__file__).parent / "fixtures").rglob("*"))),
    SAMPLES / "slack-export.zip",
]


def entry(message):
    """Returns which row of a file holds a message; with its replies it may hold several."""
    return re.sub(r":(\d+).*\Z", r":\1", message.place)


def marks(raw, messages):
    """Returns where a word of each message stands that stands nowhere else, as far as there is."""
    found = []
    for message in messages:
        words = re.findall(r"[A-Za-z]{4,}", message.text)
        own = (raw.find(word.encode()) for word in words if raw.count(word.encode()) == 1)
        found.append(next(own, None))
    return found


def finished(raw, messages, cut):
    """Returns the texts of the messages that another row begins behind, before the cut."""
    known = [
        (at, m) for at, m in zip(marks(raw, messages), messages, strict=True) if at is not None
    ]
    return [
        m.text
        for at, m in known
        if any(at < later < cut and entry(m) != entry(other) for later, other in known)
    ]


def read_or_refusal(file, reader):
    """Returns the rows of a file, or none and why it is refused."""
    try:
        return list(read_export(file, format=reader)), ""
    except InputError as err:
        return [], str(err)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_cut_file_keeps_every_message_that_was_finished(tmp_path, path):
    raw, reader = path.read_bytes(), sniff(path).name
    whole = [row for row in read_export(path) if isinstance(row, Message)]
    draw = random.Random(path.name)
    for cut in (draw.randrange(1, len(raw)) for _ in range(CUTS)):
        file = tmp_path / path.name
        file.write_bytes(raw[:cut])
        found, refusal = read_or_refusal(file, reader)
        assert all(isinstance(row, Message | BadRow) for row in found)
        wanted = finished(raw, whole, cut) if path.suffix != ".zip" else []  # its list is the end
        texts = iter(row.text for row in found if isinstance(row, Message))
        assert all(text in texts for text in wanted), cut  # in their order
        assert found or path.name in refusal or not wanted
        assert not refusal or refusal.endswith(".")


def test_the_places_where_messages_end_are_found_in_most_files():
    told = 0
    for path in FIXTURES:
        whole = [row for row in read_export(path) if isinstance(row, Message)]
        told += len(finished(path.read_bytes(), whole, 10**9)) > 1
    assert told >= 17


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InputError("is too long. Cut it.", place="/a/b.csv"), "is too long. Cut it."),
        (
            OSError(5, "Input/output error"),
            "cannot be read from here on: Input/output error. Copy it to another disk.",
        ),
    ],
    ids=["input", "disk"],
)
def test_a_late_error_keeps_what_was_read(write, monkeypatch, error, reason):
    def read(self, path):
        yield from found
        raise error

    monkeypatch.setattr(type(reader_named("table")), "read", read)
    path = write("b.csv", "text\nhi\n")
    found = [Message(text="one"), BadRow(place="b.csv:2", reason="no")]
    rest = BadRow(place="b.csv", reason=reason, kind="rest")
    assert list(read_export(path, format="table")) == [*found, rest]
    found = found[1:]
    with pytest.raises(InputError, match=reason):
        list(read_export(path, format="table"))
