"""Take out what is not the author's voice: code, quotations, attributions and signatures."""

import re

from tonecheck.prepare.mapped import Edit, Span, cut

_BACKTICKS = re.compile("`+")
_PAIRED = re.compile(
    r"<(?P<close>/?)(?P<name>blockquote|pre|code|aside|script|style)\b[^<>]{0,2000}>"
    r"|\[(?P<bb_close>/?)(?P<bb>quote|code)\b(?:[= ][^\]\n]{0,300})?\]"
    r"|(?P<comment><!--|-->)",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"^[ \t]*(?:"
    # A `>` line, unless it starts with a face such as >:( or >_<, a >= or a spoiler >!…!<.
    r">(?![:;=._!]).*"
    r"|(?:quote:? *)?originally posted by\b.{0,60}$"
    r"|sent from my \S+(?: \S+){0,7}[ \t]*$"
    r"|get outlook for \S+[ \t]*$"
    r"|on [^\n]{4,200}(?:\n[^\n]{0,80})?\bwrote:[ \t]*$"
    r"|@_?\*\*[^*\n]{1,80}\*\* (?:\[said\]\([^()\n]{1,300}\)|said):[ \t]*$"
    r"|[^\n]{1,80}\b(?:wrote|writes|said):[ \t]*(?=\s*\n[ \t]*>)"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED_HINTS = (">", "wrote", "said", "writes", "sent from my", "posted by", "outlook for")
_SIGNATURE = re.compile(r"^-- $", re.MULTILINE)
_SIGNATURE_LINES = 8  # a longer end is more likely to be a postscript in the author's voice


def code(text: str) -> list[Edit]:
    """Return edits that remove code between equal runs of backticks, fenced or inline.

    Zulip's ```quote blocks are fenced as well. A run of one or two backticks must be closed on
    its own line; a run that nothing closes stays as it is.
    """
    if "`" not in text:
        return []
    runs = [(m.start(), m.end()) for m in _BACKTICKS.finditer(text)]
    closer: dict[int, int] = {}
    last_of_length: dict[int, int] = {}
    for index in range(len(runs) - 1, -1, -1):
        length = runs[index][1] - runs[index][0]
        if length in last_of_length:
            closer[index] = last_of_length[length]
        last_of_length[length] = index
    spans, index = [], 0
    while index < len(runs):
        close = closer.get(index)
        if close is None or not _holds_code(text, runs[index], runs[close][0]):
            index += 1
            continue
        spans.append((runs[index][0], runs[close][1]))
        index = close + 1
    return cut(text, spans)


def _holds_code(text: str, opener: Span, close: int) -> bool:
    start, end = opener
    if end - start > 2:
        return True
    # After a letter a backtick is somebody's apostrophe: can`t.
    return "\n" not in text[end:close] and not text[start - 1 : start].isalnum()


def quoted_blocks(text: str) -> list[Edit]:
    """Return edits that remove HTML and BBCode quotations and code, nested ones included.

    Where a block is never closed, or closed without having been opened, only the tag goes.
    """
    if "<" not in text and "[" not in text:
        return []
    opened: dict[str, list[Span]] = {}
    spans: list[Span] = []
    for match in _PAIRED.finditer(text):
        name, closes = _tag(match)
        stack = opened.setdefault(name, [])
        if not closes:
            stack.append(match.span())
        elif stack:
            spans.append((stack.pop()[0], match.end()))
        elif name == "[quote":
            spans.append(match.span())
    spans += opened.get("[quote", [])
    spans += opened.get("<!--", [])
    return cut(text, sorted(spans))


def _tag(match: re.Match[str]) -> tuple[str, bool]:
    if match["comment"]:
        return "<!--", match["comment"] == "-->"
    if match["bb"]:
        return "[" + match["bb"].lower(), bool(match["bb_close"])
    return match["name"].lower(), bool(match["close"])


def marked_lines(text: str) -> list[Edit]:
    """Return edits that remove `>` lines, attributions, header lines and mail footers."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _MARKED_HINTS):
        return []
    return cut(text, (m.span() for m in _MARKED.finditer(text)))


def signature(text: str) -> list[Edit]:
    """Return the edit that removes a signature: from a `-- ` line to the end, if that is near."""
    if "-- " not in text:
        return []
    near = len(text)
    for _ in range(_SIGNATURE_LINES + 1):
        near = max(text.rfind("\n", 0, near), 0)
    match = _SIGNATURE.search(text, near)
    if match is None or not text[: match.start()].strip():
        return []
    return [(match.start(), len(text), "")]
