"""The text of a mail: out of its parts, encodings and flowed lines, as readers of it see it."""

import re
from base64 import b64decode
from collections.abc import Iterator
from email.errors import InvalidBase64LengthDefect
from email.message import Message as Mail

from tonecheck.exports.html import html_to_text
from tonecheck.exports.mailheaders import decoded
from tonecheck.exports.mailvoice import own_words

_SHOWN = frozenset(("text/plain", "text/html", "text/markdown", "text/x-markdown", "text/enriched"))
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_ENRICHED = re.compile(r"</?[A-Za-z-]{1,20}>")


def text_of(mail: Mail) -> str:
    """Return what the author of a mail wrote, out of all parts that are shown at once.

    Of versions of one text the plain one is taken. Attachments and mails inside the mail are not
    the author's words.

    Raises:
        MALFORMED: If the mail is made to break the reading of it.
    """
    texts = (own_words(_shown(part)) for part in _parts(mail))
    return "\n\n".join(text for text in texts if text.strip())


def _parts(mail: Mail) -> Iterator[Mail]:
    """Yield the parts with text that are shown at once."""
    kind = mail.get_content_type()
    if kind == "multipart/alternative":
        yield from _best(mail)
    elif mail.is_multipart():
        # The others, such as message/rfc822, hold the mails of someone else.
        for part in mail.get_payload() if kind.startswith("multipart/") else ():
            if isinstance(part, Mail):
                yield from _parts(part)
    elif kind in _SHOWN and not _is_attached(mail):
        yield mail


def _is_attached(part: Mail) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_filename() is not None


def _best(mail: Mail) -> list[Mail]:
    """Return the parts of the version that is plain text, or else of the last that has any."""
    best: list[Mail] = []
    payload = mail.get_payload()
    for version in payload if isinstance(payload, list) else ():
        parts = list(_parts(version)) if isinstance(version, Mail) else []
        if any(part.get_content_type() == "text/plain" and _bytes(part).strip() for part in parts):
            return parts
        best = parts or best
    return best


def _shown(part: Mail) -> str:
    """Return the text of a part."""
    kind = part.get_content_type()
    text = decoded(_bytes(part), part.get_content_charset() or "utf-8")
    if kind == "text/html":
        return html_to_text(text)
    if kind == "text/enriched":
        return _ENRICHED.sub("", text)
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflowed(text, delsp=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _bytes(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return b""
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        sent = _NO_BASE64.sub(b"", payload)  # it breaks off, and comes undecoded
        return b64decode(sent[: len(sent) // 4 * 4])
    return payload


def unflowed(text: str, *, delsp: bool = False) -> str:
    r"""Return a text with the lines joined that were broken for sending (RFC 3676).

    Args:
        text: The text as it was sent: a line that ends in a space goes on in the next.
        delsp: Whether that space was added, and belongs to no text.

    Example:
        >>> unflowed("> See \n> there.\nWhere \nexactly?")
        '> See there.\nWhere exactly?'
    """
    joined: list[list[str]] = []
    flows, level = False, 0
    for line in text.replace("\r\n", "\n").split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        is_signed = rest == "-- "
        if not (flows and depth == level and not is_signed):
            joined.append([">" * depth + " " if depth else ""])
        flows, level = rest.endswith(" ") and not is_signed, depth
        joined[-1].append(rest[:-1] if flows and delsp else rest)
    return "\n".join("".join(pieces) for pieces in joined)
