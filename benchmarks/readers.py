"""How fast each reader of exports is, on files of some 20 MB that are grown from small ones.

Most platforms' own exports cannot be published, so what is read is the readers' test fixture (or a
sample, where that is larger), with its messages said over and over under other ids. The time is
that of the processor, for reading alone: nothing is judged.

    python benchmarks/readers.py
"""

import gzip
import io
import itertools
import json
import re
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from machine import ROOT, store
from tonecheck.exports import READERS, read_export
from tonecheck.messages import Message

SIZE = 20_000_000
_FIXTURES = ROOT / "tests" / "exports" / "fixtures"
_SAMPLES = ROOT / "data" / "samples"

Export = tuple[str, Callable[[], bytes]]

_JSON_LISTS = (
    ("discord", _SAMPLES / "discord-channel.json", "messages"),
    ("telegram", _FIXTURES / "telegram-chat.json", "messages"),
    ("canvas", _FIXTURES / "canvas-view.json", "view"),
    ("moodle-service", _FIXTURES / "moodle-service.json", "posts"),
    ("teams", _FIXTURES / "teams-graph.json", "value"),
    ("discourse-explorer", _FIXTURES / "loops@forum-2026-09-09.dcqresult.json", "rows"),
)
_LINES = {
    "reddit": "reddit/learnlab_comments.jsonl",
    "convokit": "convokit/seminar-corpus/utterances.jsonl",
    "openedx": "openedx-forum.mongo",
    "rocketchat": "rocketchat-questions.json",
    "mattermost": "mattermost.jsonl",
    "whatsapp": "whatsapp-android.txt",
    "zoom": "zoom-local.txt",
}
_TABLES = {
    "moodle": _SAMPLES / "moodle-forum.csv",
    "discord-csv": _FIXTURES / "Learning R - Course - help [900].csv",
    "discourse-archive": _FIXTURES / "user_archive.csv",
}


def main() -> None:
    """Grow a file for each reader, read it, and store the rates."""
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for reader, (name, grown) in exports().items():
            path = Path(scratch) / name
            path.write_bytes(grown())
            results[reader] = found = measured(path, reader)
            path.unlink()
            rates = found["mb_per_second"], found["messages_per_second"]
            print("{:20} {:7.1f} MB/s {:10,.0f} messages/s".format(reader, *rates))
    print(store("readers", {"results": results}))


def measured(path: Path, reader: str) -> dict[str, float]:
    """Return how fast a file is read.

    Raises:
        SystemExit: If no message is found, as then nothing was measured.
    """
    start = time.process_time()
    messages = sum(isinstance(row, Message) for row in read_export(path, format=reader))
    seconds, size = time.process_time() - start, unpacked(path)
    if not messages:
        raise SystemExit(f"{reader}: no message in {path.name}")
    return {
        "mb": round(size / 1e6, 1),
        "messages": messages,
        "mb_per_second": round(size / 1e6 / seconds, 2),
        "messages_per_second": round(messages / seconds, 1),
    }


def unpacked(path: Path) -> int:
    """Return how large a file is, or what is in it where it is packed."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return file.seek(0, io.SEEK_END)
    return path.stat().st_size


def exports() -> dict[str, Export]:
    """Return, for each reader, what its file is called and what makes it.

    Raises:
        SystemExit: If a reader is forgotten.
    """
    found: dict[str, Export] = {
        "slack": ("slack.zip", slack),
        "zulip": ("zulip.tar.gz", zulip),
        "discourse": ("topic.json", discourse),
        "stackexchange": ("Posts.xml", posts),
        "mbox": ("list.mbox", mails),
        "table": ("table.jsonl", partial(repeated, (_SAMPLES / "community.jsonl").read_bytes())),
    }
    for reader, path, key in _JSON_LISTS:
        found[reader] = path.name, partial(json_list, path, key)
    for reader, name in _LINES.items():
        found[reader] = Path(name).name, partial(repeated, fixture(name))
    for reader, path in _TABLES.items():
        found[reader] = path.name, partial(table, path)
    missing = {reader.name for reader in READERS} - set(found)
    if missing:
        raise SystemExit(f"no file is grown for {', '.join(sorted(missing))}")
    return found


def fixture(name: str) -> bytes:
    """Return a fixture of the readers' tests, which ends in a line break."""
    return (_FIXTURES / name).read_bytes().rstrip(b"\n") + b"\n"


def repeated(part: bytes, start: bytes = b"", end: bytes = b"") -> bytes:
    """Return a part as often as it takes to reach the size, between a start and an end."""
    return start + part * (SIZE // len(part)) + end


def mails() -> bytes:
    """Return mails with ids of their own, as copies of a mail count once."""
    count = itertools.count()
    lines = repeated(fixture("learning-list.mbox"))
    return re.sub(rb"(?im)^(Message-ID: <)", lambda found: found[1] + b"%d." % next(count), lines)


def posts() -> bytes:
    """Return the posts of a data dump, said again and again."""
    content = fixture("Posts.xml")
    start, end = content.index(b"<row"), content.rindex(b"</posts>")
    return repeated(content[start:end], content[:start], content[end:])


def table(path: Path) -> bytes:
    """Return a CSV file with its rows said again and again."""
    header, _, rows = path.read_bytes().rstrip(b"\n").partition(b"\n")
    return repeated(rows + b"\n", header + b"\n")


def json_list(path: Path, key: str) -> bytes:
    """Return a JSON file with the entries of its list said again and again, under new ids."""
    content = json.loads(path.read_bytes())
    part, size = content[key], len(json.dumps(content[key]))
    content[key] = [renumbered(entry, n) for n in range(SIZE // size) for entry in part]
    return json.dumps(content).encode()


def renumbered(entry: object, number: int) -> object:
    """Return an entry of JSON with another id, where it has one."""
    if isinstance(entry, dict) and isinstance(entry.get("id"), str | int):
        key = entry["id"]
        new = f"{key}{number:07}"
        return {**entry, "id": int(new) if isinstance(key, int) else new}
    return entry


def discourse() -> bytes:
    """Return a topic with the texts of a sample as its posts."""
    lines = (_SAMPLES / "community.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    count = SIZE // (len(json.dumps(texts)) // len(texts) + 260)
    rows = [
        {
            **{"id": n, "name": "Mara", "username": "mara", "post_type": 1, "post_number": n},
            **{"created_at": "2026-09-08T10:30:00.000Z", "topic_id": 12},
            **{"cooked": f"<p>{texts[n % len(texts)]}</p>", "reply_to_post_number": n - 1 or None},
        }
        for n in range(1, count + 1)
    ]
    topic = {"post_stream": {"posts": rows, "stream": []}, "title": "Loops", "id": 12}
    return json.dumps(topic).encode()


def slack() -> bytes:
    """Return the sample's zip with its channels under many names."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(_SAMPLES / "slack-export.zip") as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        days = [name for name in source.namelist() if re.fullmatch(r"[^/]+/[\d-]+\.json", name)]
        size = sum(source.getinfo(name).file_size for name in days)
        for name in source.namelist():
            if name not in days and not name.endswith("/"):
                archive.writestr(name, source.read(name))
        for n in range(SIZE // size):
            for name in days:
                archive.writestr(f"{n}-{name}", source.read(name))
    return out.getvalue()


def zulip() -> bytes:
    """Return a tar.gz of the fixture's organization with its messages in many files."""
    part = json.loads(fixture("zulip/messages-000001.json"))
    rows = part["zerver_message"]
    size, out = len(json.dumps(rows)), io.BytesIO()
    many = [renumbered(row, n) for n in range(SIZE // size) for row in rows]
    files: dict[str, bytes] = {"realm.json": fixture("zulip/realm.json")}
    for n, start in enumerate(range(0, len(many), 1_000), 1):
        chunk = {"zerver_message": many[start : start + 1_000], "zerver_usermessage": []}
        files[f"messages-{n:06}.json"] = json.dumps(chunk).encode()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"export/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


if __name__ == "__main__":
    main()
