"""What Teams and Skype write into the HTML of messages: quotes, mentions, emoji, code."""

import re

from tonecheck.exports.html import html_to_text

_TAGS = re.compile(
    r"<emoji\b|\bitemtype=\"http://schema\.skype\.com/Emoji\"|"
    r"<(?P<end>/?)(?P<name>quote|legacyquote|codeblock)\b|"
    r"<(?P<mention>at|span)\b(?P<inside>[^<>]*)>(?!@)",
    re.IGNORECASE,
)
# `legacyquote` is for programs that know no quotes ("[12:30:00] Mara Hall: "). Nobody sees a
# template.
_OTHER_NAMES = {"quote": "blockquote", "legacyquote": "template", "codeblock": "pre"}
_QUOTE = re.compile(r"<(blockquote|quote)\b([^<>]*)>", re.IGNORECASE)
_QUOTED = re.compile(r"(?<![\w-])(?:itemid|messageid)=\"(\d{1,20})\"", re.IGNORECASE)
_REPLY = "schema.skype.com/Reply"
_MENTION = "schema.skype.com/Mention"


def teams_text(html: str) -> str:
    """Return the text of a message, with what it quotes in lines that begin with "> ".

    Example:
        >>> teams_text('<p><at id="0">Ken</at>, look <emoji alt="🙂"></emoji></p>')
        '@Ken, look 🙂'
    """
    return html_to_text(_TAGS.sub(_known, html))


def quoted_id(html: str) -> str:
    """Return the id of the message that this one quotes; empty where it quotes none, or several."""
    found = set()
    for tag, inside in _QUOTE.findall(html):
        quoted = _QUOTED.search(inside)
        if quoted and (tag.lower() == "quote" or _REPLY in inside):
            found.add(quoted[1])
    return found.pop() if len(found) == 1 else ""


def _known(match: re.Match[str]) -> str:
    """Return what stands in HTML for a tag or an attribute that only Teams knows."""
    if match["name"]:
        return f"<{match['end']}{_OTHER_NAMES[match['name'].lower()]}"
    if match["mention"]:
        is_mention = match["mention"].lower() == "at" or _MENTION in match["inside"]
        return match[0] + "@" * is_mention
    return '<img class="emoji"' if match[0].startswith("<") else 'class="emoji"'
