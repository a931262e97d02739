import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.pseudonyms import Pseudonyms, read_key, write_key
from tonecheck.errors import InputError

KEY = bytes(range(32))
ANY_NAME = st.text(st.characters(exclude_categories=()), min_size=1)


def test_pseudonyms_stay_as_they_were_released():
    # from Python's hmac and base64: who changes these breaks every earlier audit
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.person("Maya Okafor") == "p-okufpgngy3bi"
    assert pseudonyms.message("17") == "m-xhkcljwk3fuk"


@settings(deadline=None)
@given(ANY_NAME, ANY_NAME)
def test_pseudonyms_are_stable_equally_long_and_differ_by_name_key_and_kind(one, two):
    ours, theirs = Pseudonyms(KEY), Pseudonyms(bytes(32))
    assert ours.person(one) == Pseudonyms(KEY).person(one)
    assert len(ours.person(one)) == len(ours.person(two)) == len(ours.message(one)) == 14
    assert (ours.person(one) == ours.person(two)) == (nfc(one) == nfc(two))
    assert ours.person(one) != theirs.person(one)
    assert ours.person(one)[2:] != ours.message(one)[2:] != ours.thread(one)[2:]


def nfc(text):
    from unicodedata import normalize

    return normalize("NFC", text)


def test_nobody_has_no_pseudonym():
    pseudonyms = Pseudonyms(KEY)
    assert pseudonyms.person("") == pseudonyms.message("") == pseudonyms.thread("") == ""


def test_the_key_does_not_show_where_it_is_printed():
    assert KEY.hex() not in repr(Pseudonyms(KEY))
    assert repr(KEY) not in repr(Pseudonyms(KEY))


def test_a_new_key_is_its_owners_alone_and_makes_pseudonyms(tmp_path):
    path = tmp_path / "key"
    write_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path) == read_key(path)
    write_key(tmp_path / "other")
    assert read_key(path).fingerprint != read_key(tmp_path / "other").fingerprint


def test_a_key_is_never_overwritten(tmp_path):
    path = tmp_path / "key"
    write_key(path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"key exists, and the pseudonyms .* lost with it"):
        write_key(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("secret", r"does not hold a key of tonecheck\. Make one with: tonecheck audit --new-key"),
        ("tonecheck-key-1:abc", "does not hold a key of tonecheck"),
        ("tonecheck-key-1:" + "x" * 64, r"holds a damaged key\. Restore it from a copy"),
        ("", "does not hold a key"),
    ],
)
def test_what_is_no_key_is_refused(tmp_path, content, said):
    path = tmp_path / "key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(InputError, match=said):
        read_key(path)


def test_a_missing_key_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"gone is not a file\. Make one with"):
        read_key(tmp_path / "gone")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere permissions are kept another way")
def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "key"
    write_key(path)
    path.chmod(0o640)
    with pytest.raises(InputError, match=r"can be read by other users.*chmod 600"):
        read_key(path)
