"""Pseudonyms that stay the same from audit to audit, for those who hold a key.

A pseudonym is the beginning of HMAC-SHA-256 (RFC 2104) of what it stands for. Without the key
nobody can find out whose it is by trying names, as with a plain hash they could.
"""

import hmac
import os
import secrets
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from tonecheck.errors import InputError

_HEADER = "tonecheck-key-1:"
_KEY_BYTES = 32
_LENGTH = 12  # characters of five bits; see `Pseudonyms`
_LONGEST_FILE = 1_000
_NEXT_STEP = "Make one with: tonecheck audit --new-key FILE"


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Gives people, messages and threads names that say nothing, the same at every call.

    All are equally long: a letter for the kind, a hyphen, and 60 bits of the keyed hash. Among a
    million people two get the same pseudonym with a probability of 1 in 2 million (n² / 2⁶¹), and
    nothing is done about it: a longer one for one of the two would not stay the same from audit to
    audit. Such a pair would be counted as one person, and never be named.

    Attributes:
        key: The secret; whoever has it can find out whose a pseudonym is by trying names.

    Example:
        >>> Pseudonyms(b"0" * 32).person("Maya Okafor")
        'p-sjziggawp5le'
    """

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return what tells keys apart and gives nothing away: audits with one are comparable."""
        return self._hash("key", "")

    def person(self, name: str) -> str:
        """Return what to call a person; the form of accented letters makes no difference."""
        return f"p-{self._hash('person', name)}" if name else ""

    def message(self, id: str) -> str:
        """Return what stands for the id of a message; empty stays empty."""
        return f"m-{self._hash('message', id)}" if id else ""

    def thread(self, id: str) -> str:
        """Return what stands for the id of a thread; empty stays empty."""
        return f"t-{self._hash('thread', id)}" if id else ""

    def _hash(self, kind: str, value: str) -> str:
        # the kind keeps a person called 17 and a message with the id 17 apart
        said = f"{kind}\0{normalize('NFC', value)}".encode("utf-8", "surrogatepass")
        return b32encode(hmac.digest(self.key, said, sha256)).decode("ascii")[:_LENGTH].lower()


def write_key(path: Path) -> None:
    """Write a new random key to a new file that only its owner can read.

    Raises:
        InputError: If the file exists: a key that is overwritten is lost.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(
            f"{path} exists, and the pseudonyms made with a key are lost with it. "
            "Give the name of a new file, or use this one with --pseudonymise."
        ) from None
    with os.fdopen(file, "w", encoding="ascii", newline="\n") as opened:
        opened.write(f"{_HEADER}{secrets.token_hex(_KEY_BYTES)}\n")


def read_key(path: Path) -> Pseudonyms:
    """Return the pseudonyms that the key in a file makes.

    Raises:
        InputError: If there is no such file, it holds no key, or others may read it.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file. {_NEXT_STEP}")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise InputError(
            f"{path} can be read by other users of this computer, who could undo the pseudonyms. "
            f"Close it to them with: chmod 600 {path}"
        )
    with path.open("rb") as file:
        found = file.read(_LONGEST_FILE).decode("ascii", "replace").strip()
    digits = found.removeprefix(_HEADER)
    if digits == found or len(digits) != 2 * _KEY_BYTES:
        raise InputError(f"{path} does not hold a key of tonecheck. {_NEXT_STEP}")
    try:
        return Pseudonyms(bytes.fromhex(digits))
    except ValueError:
        raise InputError(f"{path} holds a damaged key. Restore it from a copy.") from None
