import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

pytest.importorskip("pyarrow")

from tonecheck.errors import InputError
from tonecheck.integrations.storage import fetched, find_shards


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "posts"
    for name in ("b.jsonl", "a.parquet", "month=2/c.csv", "_tmp/d.jsonl", ".e.jsonl", "readme.md"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return root


def names(places):
    return [Path(shard.path).name for shard in find_shards([str(place) for place in places])]


def test_shards_of_a_folder_come_in_order_without_what_is_no_data(folder):
    assert names([folder]) == ["a.parquet", "b.jsonl", "c.csv"]


def test_a_file_is_taken_whatever_it_is_called_and_folders_are_numbered(folder):
    shards = find_shards([str(folder / "readme.md"), str(folder)])
    assert [(shard.name, shard.table) for shard in shards] == [
        ("readme.md", 0), ("a.parquet", 1), ("b.jsonl", 1), ("c.csv", 1),
    ]  # fmt: skip
    assert shards[0].size == len("readme.md")
    assert shards[0].mtime_ns == (folder / "readme.md").stat().st_mtime_ns


def test_a_file_of_this_disk_is_read_where_it_lies(folder):
    (shard,) = find_shards([str(folder / "b.jsonl")])
    with fetched(shard) as path:
        assert path == folder / "b.jsonl"


def test_what_is_not_there_holds_nothing_or_is_given_twice_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match=r"nowhere: there is no such file\. Check the path\.$"):
        find_shards([str(tmp_path / "nowhere")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: holds no shards: no file whose name ends in \.p"):
        find_shards([str(tmp_path / "empty")])
    with pytest.raises(InputError, match=r"b\.jsonl: is given twice, and its messages would"):
        find_shards([str(folder), str(folder / "b.jsonl")])
    with pytest.raises(InputError, match=r"^nosuch://x/y: cannot be asked for: .*Give a path, or"):
        find_shards(["nosuch://x/y"])


def test_what_fsspec_knows_is_fetched_and_goes_away_again():
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").pipe("/posts/a.jsonl", b'{"text": "Hi"}')
    (shard,) = find_shards(["memory://posts"])
    assert shard.shown == "memory://posts/a.jsonl"
    with fetched(shard) as path:
        assert path.read_bytes() == b'{"text": "Hi"}'
        assert path.name == "a.jsonl"
    assert not path.exists()


OBJECTS = {"posts/a.jsonl": b'{"text": "Hi"}\n', "posts/b.jsonl.tmp": b"half"}


class Bucket(BaseHTTPRequestHandler):
    """As much of an S3 store as listing and reading takes."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urlsplit(self.path)
        key = url.path.removeprefix("/bucket").strip("/")
        if "list-type=2" in url.query:
            self.listing(parse_qs(url.query).get("prefix", [""])[0])
        elif key in OBJECTS:
            self.answer(206 if "Range" in self.headers else 200, self.wanted(OBJECTS[key]))
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>" * (self.command == "GET"))

    def listing(self, prefix):
        entries = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(value)}</Size>"
            "<LastModified>2026-09-01T00:00:00.000Z</LastModified></Contents>"
            for key, value in OBJECTS.items()
            if key.startswith(prefix)
        ]
        about = f"<IsTruncated>false</IsTruncated><KeyCount>{len(entries)}</KeyCount>"
        text = f"<ListBucketResult>{about}{''.join(entries)}</ListBucketResult>"
        self.answer(200, text.encode())

    def wanted(self, value):
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        return value[int(match[1]) : int(match[2]) + 1] if match else value

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", "Tue, 01 Sep 2026 00:00:00 GMT")
        self.send_header("ETag", '"0"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def store():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_store_that_speaks_s3_is_listed_and_read_and_its_keys_are_shown_nowhere(store):
    options = f"scheme=http&endpoint_override={store}&region=us-east-1"
    (shard,) = find_shards([f"s3://KEY:SECRET@bucket/posts?{options}"])
    assert shard.shown == "s3://bucket/posts/a.jsonl"
    with fetched(shard) as path:
        assert path.read_bytes() == OBJECTS["posts/a.jsonl"]
    with pytest.raises(InputError, match=r"^s3://bucket/nowhere: there is no such file\."):
        find_shards([f"s3://KEY:SECRET@bucket/nowhere?{options}"])
