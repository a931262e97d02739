"""The headers of a mail: who sent it, what it answers and what it is about."""

import codecs
import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Mail
from hashlib import blake2b

LONGEST_HEADER = 10_000
"""How much of a header is read, in characters."""

MALFORMED = (
    *(MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError),
    *(OverflowError, RecursionError),
)
"""What the standard library raises at mails that are made to break it."""

# They are slow on long texts, or stand for no charset that a mail can have.
_NO_CHARSETS = frozenset(
    ("punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
)
_LATIN = "iso8859-1"
_WINDOWS = "cp1252"
_LONGEST_SUBJECT = 300

_IDS = re.compile(r"<([^<>]{1,500})>")
_RE = r"(?:re|aw|sv|vs|antw|odp|res|ynt)(?:\[\d{1,3}\])?\s?:"
_TAG = r"\[[^\[\]]{1,40}\]"  # which lists put before a subject
REPLY = re.compile(rf"\s*(?:{_TAG}\s*)?{_RE}", re.IGNORECASE)
"""How the subject of an answer begins."""

_PREFIX = re.compile(rf"\s*(?:{_TAG}|{_RE}|(?:fwd?|wg)\s?:)\s*", re.IGNORECASE)

_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_COMMENTED = re.compile(r"(?P<address>[^()]*)\((?P<name>.*)\)\s*\Z")
_VIA = re.compile(r"(.{1,100}?) via .{1,100}")  # how lists send on what strict hosts sign
# How archives hide addresses: "ken at example.org", "ken(a)example.org", "ken@..." and "ken@xxx".
_AT = re.compile(r"\s+at\s+|\s*[(\[{](?:at|a)[)\]}]\s*", re.IGNORECASE)
_DOT = re.compile(r"\s+dot\s+|\s*[(\[{]dot[)\]}]\s*", re.IGNORECASE)
_WHOLE = re.compile(r"(?!.*(?:\.\.\.|xxx))([^\s@]+)@[^\s@]+")

_SOFTWARE = "mailer-daemon"
_DIGEST = re.compile(r".{0,100}\bdigest, vol \d{1,9}, issue \d|digest for \S+@", re.IGNORECASE)
_DELETED = 0x8  # Thunderbird's mark on a mail that it has not cleared away yet
_STATUS = re.compile(r"[0-9a-fA-F]{4}")


def header_of(mail: Mail, name: str) -> str:
    """Return a header in readable letters on one line, or an empty string."""
    return readable(raw_header(mail, name))


def raw_header(mail: Mail, name: str) -> str:
    """Return a header as it was sent, in one line, or an empty string."""
    name = name.lower()
    for key, value in mail.raw_items():
        if key.lower() == name:
            # Bytes that are no ASCII are surrogates here, and all that `get` would say is unknown.
            sent = str(value)[:LONGEST_HEADER].encode("ascii", "surrogateescape")
            return " ".join(decoded(sent, "utf-8").split())
    return ""


def readable(header: str) -> str:
    """Return a header with its encoded words (=?utf-8?q?na=C3=AFve?=) in letters."""
    if "=?" not in header or not header.isascii():
        return header
    try:
        words = [
            word if isinstance(word, str) else decoded(word, charset or "ascii")
            for word, charset in decode_header(header)
        ]
    except MALFORMED:
        return header
    return " ".join("".join(words).split())


def decoded(data: bytes, charset: str) -> str:
    """Return the text of bytes in a charset, or in the likeliest where that cannot be."""
    for name in (charset, "utf-8"):
        try:
            known = codecs.lookup(name).name
            if known == _LATIN:
                known = _WINDOWS  # as browsers do: what calls itself Latin-1 seldom is
            if known not in _NO_CHARSETS:
                return data.decode(known)
        except (LookupError, ValueError):
            continue
    return data.decode(_WINDOWS, "replace")


def id_of(mail: Mail, raw: bytes) -> str:
    """Return the id of a mail, or one made of all that it holds where it has none."""
    value = raw_header(mail, "Message-ID")
    found = _IDS.search(value)
    key = "".join((found[1] if found else value[:500]).split())
    return key or f"no-id-{blake2b(raw, digest_size=8).hexdigest()}"


def answered(mail: Mail, key: str) -> list[str]:
    """Return the ids of the mails that lead to this one; it answers the last of them."""
    replies, references = (
        ["".join(found.split()) for found in _IDS.findall(raw_header(mail, name))]
        for name in ("In-Reply-To", "References")
    )
    answered = replies[:1] or references[-1:]
    return [found for found in dict.fromkeys(references) if found not in (key, *answered)] + [
        found for found in answered if found != key
    ]


def sender(mail: Mail) -> tuple[str, str, str]:
    """Return the address of who sent a mail, the name, and what stands before the @."""
    address, name = _parted(raw_header(mail, "From"))
    if sent_on := _VIA.fullmatch(name):
        name = sent_on[1].strip("\"' ")  # the address is that of the list
        address = _parted(raw_header(mail, "X-Original-From") or raw_header(mail, "Reply-To"))[0]
    whole = _WHOLE.fullmatch(address)
    if _AT.sub("@", name).lower() == address:
        name = ""
    # Half an address may be that of several people.
    return (address, name, whole[1]) if whole else ("", name or address, "")


def _parted(sender: str) -> tuple[str, str]:
    """Return the address and the name that a From header holds, however it is written."""
    found = _NAMED.match(sender) or _COMMENTED.match(sender)
    name, address = (found["name"], found["address"]) if found else ("", sender)
    name = readable(name.strip().strip("\"'")).replace('\\"', '"').strip("\"' ")
    return _DOT.sub(".", _AT.sub("@", address)).strip().lower(), name


def is_no_letter(mail: Mail) -> bool:
    """Return whether software wrote or gathered a mail, or its owner has deleted it."""
    subject = header_of(mail, "Subject")
    status = raw_header(mail, "X-Mozilla-Status")
    return (
        raw_header(mail, "Auto-Submitted").lower().startswith("auto")
        or raw_header(mail, "Precedence").lower() == "auto_reply"
        or _SOFTWARE in raw_header(mail, "From").lower()
        or mail.get_content_type() == "multipart/report"
        or bool(_DIGEST.match(subject) and not REPLY.match(subject))
        or bool(_STATUS.fullmatch(status) and int(status, 16) & _DELETED)
    )


def bare_subject(subject: str) -> str:
    """Return a subject without what answers and lists put before it."""
    subject = subject[:_LONGEST_SUBJECT]
    at = 0
    while found := _PREFIX.match(subject, at):
        at = found.end()
    return subject[at:] or subject
