from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from tonecheck.audit.manifest import Export, Manifest, plain


@dataclass(frozen=True)
class Choice:
    since: date
    key: bytes
    names: frozenset[str] = frozenset()
    heard: object = field(default=None, compare=False)


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "chat.json").write_text("{}")
    return Manifest(
        exports=(Export.of(tmp_path / "chat.json", format="discord"),) * 3,
        options={"names": False},
        checker={"model": "words@1.0.0"},
        made_on="2026-11-23",
    )


def test_a_manifest_comes_back_from_its_file(manifest, tmp_path):
    manifest.write(tmp_path / "manifest.json")
    assert Manifest.read(tmp_path / "manifest.json") == manifest
    assert [path.name for path in tmp_path.glob("manifest*")] == ["manifest.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"exports": 1}', '{"exports": [{"x": 1}]}'])
def test_what_is_no_manifest_is_read_as_none(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    assert Manifest.read(tmp_path / "manifest.json") is None


def test_a_missing_manifest_is_none(tmp_path):
    assert Manifest.read(tmp_path / "manifest.json") is None


@pytest.mark.parametrize(
    ("change", "others"),
    [
        ({"made_on": "2026-11-24"}, []),
        ({"options": {"names": True}}, ["other options"]),
        ({"version": "0/0.0.1"}, ["another version of tonecheck"]),
        ({"exports": ()}, ["other exports"]),
    ],
)
def test_what_differs_is_said_in_words(manifest, change, others):
    assert replace(manifest, **change).differences(manifest, read=None) == others


@pytest.mark.parametrize(
    ("read", "others"), [(1, []), (2, ["other exports"]), (None, ["other exports"])]
)
def test_only_exports_that_were_read_must_be_the_same(manifest, read, others):
    first, second, third = manifest.exports
    changed = replace(manifest, exports=(first, replace(second, size=9), third))
    assert changed.differences(manifest, read=read) == others


@pytest.mark.parametrize("change", [{"mtime_ns": 1}, {"size": 9}, {"path": "x"}, {"format": "x"}])
def test_a_file_is_the_same_by_place_size_date_and_format(manifest, change):
    changed = replace(manifest.exports[0], **change)
    assert replace(manifest, exports=(changed,)).differences(
        replace(manifest, exports=manifest.exports[:1]), read=None
    ) == ["other exports"]


def test_options_become_json_and_a_secret_becomes_its_digest():
    key = b"nobody should read this"
    choice = Choice(since=date(2026, 9, 1), key=key, names=frozenset("ba"), heard=print)
    found = plain({"choice": choice, "where": Path("a"), "columns": ("x", 1, None, True)})
    assert found == {
        "choice": {"since": "2026-09-01", "key": found["choice"]["key"], "names": ["a", "b"]},
        "where": "a",
        "columns": ["x", 1, None, True],
    }
    assert found["choice"]["key"] not in {str(key), key.hex()}
    assert plain(b"another") != found["choice"]["key"]


def test_an_option_without_a_lasting_form_is_refused():
    with pytest.raises(TypeError, match="an option cannot be kept as JSON: builtin_function"):
        plain({"heard": print})
