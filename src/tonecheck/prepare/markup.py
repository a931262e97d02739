"""Take out markup and keep its words: entities, tags, links, addresses, mentions, emphasis."""

import html
import re

from tonecheck.prepare.mapped import Edit, cut
from tonecheck.prepare.masks import unmasked

LINK = "🔗"
"""What stands in the cleaned text for a web address."""

_INLINE_TAGS = (
    "a abbr acronym b bdi bdo big button cite code del dfn em font i img input ins kbd label mark "
    "math o:p option path q s samp select small span strike strong sub sup svg tt u use var "
    "wbr"
)
_BLOCK_TAGS = (
    "address article aside audio blockquote body br caption center col colgroup dd details dialog "
    "div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe "
    "legend li link main meta nav noscript object ol p pre script section source style summary "
    "table tbody td template textarea tfoot th thead title tr ul video"
)
_KINDS = dict.fromkeys(_INLINE_TAGS.split(), "inline") | dict.fromkeys(_BLOCK_TAGS.split(), "block")
# `<String>`, `a < b` and `<3` are no tags: the name must be known, and attributes need a `=`.
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9:]{0,10})(?:\s[^<>=]*=[^<>]*|\s*)/?>")
_ENTITY = re.compile(r"&(?:amp;)*(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

# The target of a link must look like an address: in `f[i](x)` nothing is a link.
_MARKDOWN_LINK = re.compile(
    r"(!?\[)([^\[\]\n]*)"
    r"(\]\([ \t]*(?=[^()\s]*[/.#:])[^()\s]*(?:\([^()\s]*\)[^()\s]*)?"
    r"(?:[ \t]+\"[^\"\n]*\")?[ \t]*\))"
)
_CHAT_LINK = re.compile(r"<(?:https?:|mailto:)[^<>|\s]*(?:\|([^<>\n]*))?>")
# Not the target of a Markdown link, which waits for the next round if its words hold an image.
_URL = re.compile(
    r"(?<!\]\()\b(?:https?://|ftp://|www\.)[^\s<>\"]*[^\s<>.,;:!?'\"()\[\]*_~]/?", re.IGNORECASE
)
_CHAT_MENTION = re.compile(r"<([@#!])[&!]?[A-Za-z0-9^]+(?:\|[^<>|\n]*)?>")
_MENTION = re.compile(r"@_?\*\*[^*\n]{1,80}\*\*|(?<![\w@.])@\w+(?:[.-]\w+)*")

# Markers count around words only, so that 5*3, snake_case, st*pid and ¯\_(ツ)_/¯ stay whole.
_EMPHASIS = re.compile(
    r"(?<![\w*])(?P<star>\*{1,3})(?=[\w\"'(])[^*\n]+(?<=[\w\"').,!?])(?P=star)(?![\w*])"
    r"|(?<!\w)_(?=[^\W_]|[\"'])[^_\n]+(?<=[\w\"').,!?])_(?!\w)"
)


def entities(text: str) -> list[Edit]:
    """Return edits that put the character for an HTML entity, however often it was escaped."""
    if "&" not in text:
        return []
    edits = []
    for match in _ENTITY.finditer(text):
        entity = f"&{match[1]};"
        char = html.unescape(entity)
        if char != entity:
            edits.append((match.start(), match.end(), char or " "))
    return edits


def tags(text: str) -> list[Edit]:
    """Return edits that remove HTML tags; a block tag leaves a line end."""
    if "<" not in text:
        return []
    blocks: list[Edit] = []
    inline = []
    for match in _TAG.finditer(text):
        kind = _KINDS.get(match[1].lower())
        if kind == "block":
            blocks.append((match.start(), match.end(), "\n"))
        elif kind == "inline":
            inline.append(match.span())
    return sorted(blocks + cut(text, inline))


def markdown_links(text: str) -> list[Edit]:
    """Return edits that keep the words of a Markdown link or image, without its address."""
    if "](" not in text:
        return []
    matches = _MARKDOWN_LINK.finditer(text)
    return cut(text, (span for m in matches for span in (m.span(1), m.span(3))))


def chat_codes(text: str) -> list[Edit]:
    """Return edits for Slack's and Discord's links and mentions in angle brackets."""
    if "<" not in text:
        return []
    edits: list[Edit] = []
    labelled = []
    for match in _CHAT_LINK.finditer(text):
        if match[1]:
            labelled += [(match.start(), match.start(1)), (match.end(1), match.end())]
        else:
            edits.append((match.start(), match.end(), LINK))
    for match in _CHAT_MENTION.finditer(text):
        edits.append((match.start(), match.end(), "#" if match[1] == "#" else "@"))
    return sorted(edits + cut(text, labelled))


def addresses(text: str) -> list[Edit]:
    """Return edits that put `LINK` for a bare web address."""
    if "://" not in text and "www." not in text.lower():
        return []
    return [(m.start(), m.end(), LINK) for m in _URL.finditer(text)]


def mentions(text: str) -> list[Edit]:
    """Return edits that put `@` for `@name`, unless the name is a disguised word such as `@ss`."""
    if "@" not in text:
        return []
    return [
        (m.start(), m.end(), "@") for m in _MENTION.finditer(text) if unmasked(m.group()) is None
    ]


def emphasis(text: str) -> list[Edit]:
    """Return edits that remove the markers of bold and italic words."""
    if "*" not in text and "_" not in text:
        return []
    spans = []
    for match in _EMPHASIS.finditer(text):
        width = len(match["star"] or "_")
        spans += [(match.start(), match.start() + width), (match.end() - width, match.end())]
    return cut(text, spans)
