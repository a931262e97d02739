"""HTML of forum posts as plain text with light Markdown, so that quotes and code stay visible."""

import re
from html.parser import HTMLParser

MAX_HTML = 1_000_000
"""How much of a post's HTML is read, in characters, not counting pictures inside it."""

_PARAGRAPHS = frozenset(
    ("p", "ul", "ol", "dl", "table", "hr", "details", "h1", "h2", "h3", "h4", "h5", "h6")
)
_LINES = frozenset(("div", "section", "article", "li", "tr", "dt", "dd", "summary", "figcaption"))
_LISTS = {"ul": 0, "ol": 1}
_QUOTES = frozenset(("blockquote", "aside"))
_HIDDEN = frozenset(("script", "style", "head", "template", "svg"))
_MAX_LEVEL = 5  # deeper quotes stay at this level, or n nested ones would cost n² characters
_MAX_OPEN = 100

_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_WEB = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_INLINE_PICTURE = re.compile(r"data:[\w/+.-]{1,100};base64,[A-Za-z0-9+/=]*", re.ASCII)
# Python's parser refuses numbers of thousands of digits; no character has more than seven.
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


def html_to_text(html: str) -> str:
    r"""Return the text of an HTML fragment, however broken.

    Blockquotes and Discourse's quotes become lines that start with "> ", `pre` becomes a fenced
    block, `code` gets backticks, a link reads "text (address)", an image is its description in
    brackets, list entries get "- " or a number, and scripts and comments go. Only the first
    `MAX_HTML` characters are read.

    Example:
        >>> html_to_text("<blockquote>Why?</blockquote><p>See <a href='https://x.org'>this</a>.")
        '> Why?\n\nSee this (https://x.org).'
    """
    writer = _Writer()
    writer.feed(_tamed(html))
    writer.close()
    return writer.text()


def _tamed(html: str) -> str:
    """Return the HTML without what makes Python's parser slow (over n²) or makes it raise."""
    html = _INLINE_PICTURE.sub("", html)[:MAX_HTML]
    html = _LONG_REFERENCE.sub("\ufffd", html)
    html = _without_declarations(html)
    last = html.rfind(">") + 1  # a "<" after the last ">" opens nothing, and is looked up for long
    return html[:last] + html[last:].replace("<", "&lt;")


def _without_declarations(html: str) -> str:
    """Return the HTML without comments, doctypes and the like; one never closed is text."""
    kept: list[str] = []
    at = 0
    while (start := html.find("<!", at)) >= 0:
        closing = "-->" if html.startswith("<!--", start) else ">"
        end = html.find(closing, start + 2)
        if end < 0:
            kept.append(html[at:start].replace("<?", "&lt;?"))
            return "".join(kept) + html[start:].replace("<!", "&lt;!")
        kept.append(html[at:start])
        at = end + len(closing)
    return "".join([*kept, html[at:]])


class _Writer(HTMLParser):
    """Collects lines. Keeps counts of what is open and no tree, so depth costs nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes: list[tuple[str, int]] = []  # open blockquotes and asides, with their levels
        self._lists: list[int] = []  # the next number of each open list; 0 without numbers
        self._gap = False  # whether an empty line is due before the next one
        self._level = 0  # quote level of the line written last
        self._hidden = ""
        self._fence = False
        self._link: tuple[str, int] | None = None  # its address, and where its text begins

    def text(self) -> str:
        """Return what was collected, with what was left open closed."""
        self._close_link()
        self._end_fence()
        self._break()
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden or tag in _HIDDEN:
            self._hidden = self._hidden or tag
        elif tag in _QUOTES:
            self._block()
            self._start_quote(tag)
        elif tag in _PARAGRAPHS:
            self._block()
            if tag in _LISTS and len(self._lists) < _MAX_OPEN:
                self._lists.append(_LISTS[tag])
        elif tag in _LINES:
            self._break()
            if tag == "li":
                self._start_entry()
        else:
            self._start_inline(tag, dict(attrs))

    def _start_inline(self, tag: str, attrs: dict[str, str | None]) -> None:
        if tag == "br":
            self._new_line()
        elif tag == "pre" and not self._fence:
            self._block()
            self._emit("```")
            self._fence = True
        elif tag == "code" and not self._fence:
            self._line.append("`")
        elif tag == "img" and (alt := (attrs.get("alt") or "").strip()):
            # Discourse writes an emoji as a picture that is described as ":smile:".
            self._line.append(alt if "emoji" in (attrs.get("class") or "") else f"[{alt}]")
        elif tag == "a":
            self._close_link()
            self._link = (attrs.get("href") or "").strip(), len(self._line)
        elif tag in {"td", "th"}:
            self._line.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._hidden = "" if tag == self._hidden else self._hidden
        elif tag in _QUOTES:
            self._end_quote(tag)
        elif tag in _PARAGRAPHS:
            self._block()
            if tag in _LISTS and self._lists:
                self._lists.pop()
        elif tag in _LINES:
            self._break()
        elif tag == "pre":
            self._end_fence()
        elif tag == "code" and not self._fence:
            self._line.append("`")
        elif tag == "a":
            self._close_link()

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._fence:
            self._line.append(_SPACE.sub(" ", data))
            return
        first, *rest = data.replace("\r\n", "\n").split("\n")
        self._line.append(first)
        for piece in rest:
            self._new_line()
            self._line = [piece]

    def _new_line(self) -> None:
        if not self._fence:
            self._gap |= not self._line
            self._break()
            return
        line, self._line = "".join(self._line), []
        if line or not self._lines[-1].endswith("```"):  # no empty line after the fence
            self._emit(line)

    def _start_entry(self) -> None:
        number = self._lists[-1] if self._lists else 0
        self._line.append(f"{number}. " if number else "- ")
        if number:
            self._lists[-1] += 1

    def _start_quote(self, tag: str) -> None:
        outer, level = self._quotes[-1] if self._quotes else ("", 0)
        if not (tag == "blockquote" and outer == "aside"):  # Discourse wraps one in the other
            level += 1
        if len(self._quotes) < _MAX_OPEN:
            self._quotes.append((tag, min(level, _MAX_LEVEL)))

    def _end_quote(self, tag: str) -> None:
        self._block()
        if any(tag == name for name, _ in self._quotes):
            while self._quotes.pop()[0] != tag:
                pass

    def _block(self) -> None:
        self._break()
        self._gap = bool(self._lines)

    def _break(self) -> None:
        self._close_link()
        line = "".join(self._line)
        self._line = []
        if not self._fence:
            line = _SPACE.sub(" ", line).strip()
        if line:
            self._emit(line)

    def _emit(self, line: str) -> None:
        depth = self._quotes[-1][1] if self._quotes else 0
        if self._gap and self._lines:
            self._lines.append(("> " * min(depth, self._level)).rstrip())
        self._gap, self._level = False, depth
        self._lines.append(("> " * depth + line).rstrip())

    def _end_fence(self) -> None:
        if self._fence:
            self._break()
            self._emit("```")
            self._fence, self._gap = False, True

    def _close_link(self) -> None:
        if self._link is None:
            return
        (address, start), self._link = self._link, None
        label = _SPACE.sub(" ", "".join(self._line[start:])).strip(" ")
        if _WEB.match(address) and address.removeprefix("mailto:") != label:
            self._line.append(f" ({address})" if label else address)
