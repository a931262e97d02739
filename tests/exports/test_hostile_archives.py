"""Every reader against whole files that were made to harm: bombs, links, lies about sizes."""

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from tonecheck.exports import READERS, reader_named

# What the files are called that readers look for in archives.
_SOUGHT = (
    *("users.json", "channels.json", "general/2026-09-07.json", "_chat.txt", "utterances.jsonl"),
    *("corpus.json", "export.jsonl", "general.json", "user_archive.csv", "realm.json"),
    *("messages-000001.json", "messages.json"),
)
_ZEROS = b"\0" * 8_000_000


def _tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo()
            entry.name = name
            data = b"" if isinstance(content, tarfile.TarInfo) else content
            entry.size = entry.size or len(data)
            archive.addfile(entry, io.BytesIO(data) if data else None)
    return out.getvalue()


def _deflated(content, names=_SOUGHT):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def _patched(data, sign, offset, value, size):
    """Returns a zip with a field of every header of one kind set to a value."""
    data, at = bytearray(data), data.find(sign)
    while at >= 0:
        data[at + offset : at + offset + size] = value.to_bytes(size, "little")
        at = data.find(sign, at + 4)
    return bytes(data)


def _overlapping():
    """Returns a small zip that holds one file of 1 MB under 1,000 names."""
    noise = bytes(n * n * 7 % 251 for n in range(10_000))
    base = _deflated(noise * 100, ["users.json"])
    start = base.index(b"PK\1\2")
    entry = base[start : base.index(b"PK\5\6")]
    names = [b"%010d" % n for n in range(1_000)]
    listed = b"".join(entry[:-10] + name for name in names)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1_000, 1_000, len(listed), start, 0)
    return base[:start] + listed + end


def _many():
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    listed = entry * 500_001
    return listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(listed), 0, 0)


def _climbing():
    names = [f"{way}{name}" for way in ("../../", "/tmp/", "..\\..\\") for name in _SOUGHT]
    link = zipfile.ZipInfo("users.json")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in [*names, link]:
            archive.writestr(name, "/etc/passwd")
    return out.getvalue()


def _entry(kind, size=0, link="/etc/passwd"):
    entry = tarfile.TarInfo()
    entry.type, entry.size, entry.linkname = kind, size, link
    return entry


def _of_kind(kind, size=0):
    return _tar({name: _entry(kind, size) for name in _SOUGHT})


def _xml(doctype, text="&a;"):
    rows = f'<posts><row Id="1" PostTypeId="1" Body="{text}" CreationDate="2026-09-08"/></posts>'
    return f'<?xml version="1.0"?>{doctype}{rows}'.encode()


def _laughs():
    more = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20))
    return _xml(f'<!DOCTYPE posts [<!ENTITY a0 "ha">{more}<!ENTITY a "&a19;">]>')


def _parquet():
    texts = pyarrow.array(["a" * 1_000_000]).dictionary_encode()
    column = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 50_000), texts.dictionary)
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), out, compression="zstd")
    return out.getvalue()


_BOMB = r"unpacks to more than 200 times its size, as a (?:zip )?bomb does\. \w"
_DAMAGED = r"damaged or encrypted"
_DTD = "it declares a document type"
# How each is made, by which reader in the first place it must be refused, and with what words.
HOSTILE = {
    "bomb.zip": (lambda: _deflated(_ZEROS), "slack", _BOMB),
    "total.zip": (
        lambda: _patched(_deflated(b"[]"), b"PK\1\2", 24, 3 * 10**9, 4),
        "slack",
        r"holds [\d,]{14} bytes once unpacked; at most 2,147,483,648 are read\. Export",
    ),
    "overlapping.zip": (_overlapping, "slack", _BOMB),
    "many.zip": (_many, "slack", r"lists more than 500,000 files\. Zip the files"),
    "lying.zip": (
        lambda: _patched(
            _patched(_deflated(b" " * 9_999, ["export.jsonl"]), b"PK\1\2", 24, 99, 4),
            *(b"PK\3\4", 22, 99, 4),
        ),
        "mattermost",
        _DAMAGED,
    ),
    "locked.zip": (
        lambda: _patched(_deflated(b"[]"), b"PK\1\2", 8, 1, 2),
        "slack",
        _DAMAGED,
    ),
    "climbing.zip": (_climbing, "slack", "not valid|must hold|is broken"),
    "bomb.tar.gz": (
        lambda: gzip.compress(_tar(dict.fromkeys(_SOUGHT, b'{"zerver_realm": [' + _ZEROS))),
        "zulip",
        _BOMB,
    ),
    "endless.gz": (lambda: gzip.compress(_ZEROS), "zulip", _BOMB),
    "links.tar": (lambda: _of_kind(tarfile.SYMTYPE), "zulip", "without realm.json"),
    "hard-links.tar": (lambda: _of_kind(tarfile.LNKTYPE), "teams", "holds no messages"),
    "devices.tar": (lambda: _of_kind(tarfile.CHRTYPE), "zulip", "without realm.json"),
    "pipes.tar": (lambda: _of_kind(tarfile.FIFOTYPE), "zulip", "without realm.json"),
    "sparse.tar": (
        lambda: _of_kind(tarfile.GNUTYPE_SPARSE, 8**10),
        "zulip",
        "is not a tar archive",
    ),
    "vast.tar": (
        lambda: _of_kind(tarfile.REGTYPE, 2**62),
        "zulip",
        "is not a complete archive",
    ),
    "pax.tar": (lambda: _of_kind(tarfile.XHDTYPE, 2**40), "zulip", "is not a complete archive"),
    "bomb.zst": (
        lambda: pyarrow.compress(b'{"body": "' + _ZEROS, codec="zstd", asbytes=True),
        "reddit",
        _BOMB,
    ),
    "laughs.xml": (_laughs, "stackexchange", _DTD),
    "outside.xml": (
        lambda: _xml('<!DOCTYPE posts [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "stackexchange",
        _DTD,
    ),
    "quadratic.xml": (
        lambda: _xml(f'<!DOCTYPE posts [<!ENTITY a "{"a" * 100_000}">]>', "&a;" * 100_000),
        "stackexchange",
        _DTD,
    ),
    "deep.xml": (lambda: b"<posts>" * 300_000, "stackexchange", "it nests deeper than 200 levels"),
    "lists.json": (lambda: b"[" * 100_000, "table", ""),
    "objects.json": (lambda: b'{"a":' * 100_000, "table", ""),
    "quotes.csv": (lambda: b"text\n" + b'"a\n' * 20_000, "table", "not valid CSV"),
    "bomb.parquet": (_parquet, "table", "longer than|as a bomb does"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_made_to_harm_is_refused_by_every_reader(guarded, put, name):
    make, first, words = HOSTILE[name]
    path = put(name, make())
    # the list of a zip is counted before any reader is asked, and that takes a second
    readers = [reader_named(first)] if name == "many.zip" else READERS
    for reader in [None, *readers]:
        found = guarded(path, reader and reader.name)
        assert "root:" not in json.dumps(found.texts)  # of /etc/passwd
        if reader is not None and reader.name == first:
            assert re.search(words, found.said())
            assert name in found.said() or found.bad
            assert not found.refused or found.refused.endswith(".")
    assert list(path.parent.iterdir()) == [path]
