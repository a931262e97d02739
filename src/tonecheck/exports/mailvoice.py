"""The author's own words in a mail: without quotations, what is forwarded, and signatures."""

import re

_LONGEST_LINE = 1_000  # characters of a line that are looked at; marks stand at its beginning
_SIGNATURE_LINES = 12  # a longer end is more likely to be a postscript in the author's voice
_FOOTER_LINES = 3  # within which a line of underscores is followed by the name of the list
_HEADER_LINES = 8  # of a mail that is forwarded or answered below one's own words

# "> text", ">> text", and "KI> text" with the initials of whoever is quoted.
_MARK = re.compile(r"[ \t]{0,3}(?:>|[A-Z][A-Za-z]{0,7}>(?=[ >\t]|\Z))")
# Alone among other lines this is no quotation: a line that began with "From " when the archive was
# written, which would otherwise have looked like the next mail, or a face such as >:( or >_<.
_ESCAPED = re.compile(r">From ")
_FACE = re.compile(r"[ \t]{0,3}>[:;=._!]")

_WROTE = (
    r"(?:wrote|writes|said|schrieb|(?:a )?écrit|escribió|(?:ha )?scritto|schreef|escreveu|skrev"
    r"|napisał(?:\(a\)|a)?|kirjoitti)"
)
_ON = r"(?:on|at|am|le|el|il|op|em|den|på|w dniu|dnia)\b"
# What stands above a quotation, over up to three lines: "On Monday, Ken Ito wrote:".
_SAID_ON = re.compile(rf"{_ON}.{{3,400}}\b{_WROTE}\b.{{0,100}}:", re.IGNORECASE)
_SAID = re.compile(rf".{{0,80}}\b{_WROTE}\s?:|.{{0,200}}<[^<>]{{3,100}}>\s?:", re.IGNORECASE)
_SAID_LINES = 3
_WHEN_OR_WHO = re.compile(r"\d{1,2}:\d\d|\b\d{4}\b|\S@\S|<\S+ at \S+>")

# From here on a mail that is forwarded or answered follows without marks.
_OTHER_MAIL = re.compile(
    r"-{2,20} ?(?:original message|original appointment|forwarded message|forwarded by\b.{0,200}"
    r"|reply message|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine"
    r"|message transféré|mensaje original|messaggio originale|oorspronkelijk bericht"
    r"|mensagem original) ?-{2,20}|begin forwarded message:",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\*?(?:from|sent|date|to|cc|subject|reply-to|von|gesendet|datum|an|betreff|de|envoyé|à|objet"
    r"|enviado|para|asunto|da|inviato|a|oggetto|van|verzonden|aan|onderwerp)\*?:[ \t*]",
    re.IGNORECASE,
)
_SENDER = re.compile(r"\*?(?:from|von|de|da|van)\*?:[ \t*]", re.IGNORECASE)
_RULE = re.compile(r"[_=]{5,}")

# From here on software speaks: attachments that pipermail took off, the list, a seal.
_SOFTWARE = re.compile(
    r"-{10,20} next part -{10,20}|-----BEGIN PGP SIGNATURE-----"
    r"|you received this message because you are subscribed to .{0,200}",
    re.IGNORECASE,
)
_SEAL = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----|Hash: [A-Z0-9, -]{3,60}")
_LIST = re.compile(r"\bmail(?:ing )?list\b", re.IGNORECASE)
_DELIMITER = re.compile(r"-- ?|--~--.{0,80}")


def own_words(text: str) -> str:
    """Return what the author of a mail wrote, word for word.

    Out go quoted lines and the line above them that says whose they are, the mail that is
    forwarded or answered below, signatures, and what lists and archives add. Where a mail is
    answered without marks, everything after "On Monday, Ken Ito wrote:" is taken for Ken's: better
    to miss words of the author than to take those of someone else for theirs.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    quoted = _quoted(lines)
    lines, quoted = _without_rest(lines, quoted)
    return "\n".join(_unsigned(_kept(lines, quoted))).strip("\n")


def _quoted(lines: list[str]) -> list[bool]:
    """Return whether each line is quoted; what only looks so is put right in place."""
    quoted = [_MARK.match(line) is not None for line in lines]
    for at, line in enumerate(lines):
        if not quoted[at] or not (_ESCAPED.match(line) or _FACE.match(line)):
            continue
        around = quoted[max(at - 1, 0) : at] + quoted[at + 1 : at + 2]
        if any(around) or _attributed(lines, at):
            continue
        quoted[at] = False
        if _ESCAPED.match(line):
            lines[at] = line[1:]
    return quoted


def _without_rest(lines: list[str], quoted: list[bool]) -> tuple[list[str], list[bool]]:
    """Return the lines up to another mail without marks, or to what software added.

    Where the other mail is marked below its headers, only the headers go, as quoted ones.
    """
    at = 0
    while at < len(lines):
        if quoted[at]:
            at += 1
            continue
        below = _below_headers(lines, at)
        if below > at and below < len(lines) and quoted[below]:
            quoted[at:below] = [True] * (below - at)
            at = below
        elif below > at or _is_software(lines, at) or _answered_below(lines, quoted, at):
            return lines[:at], quoted[:at]
        at += 1
    return lines, quoted


def _below_headers(lines: list[str], at: int) -> int:
    """Return where the text of another mail begins whose head begins here, or else `at`."""
    end = at
    line = lines[at].strip()[:_LONGEST_LINE]
    is_marked = _OTHER_MAIL.fullmatch(line) is not None
    if is_marked or _RULE.fullmatch(line):
        end = _past_blank(lines, at + 1)
    headers = 0
    first = end
    while end < len(lines) and headers < _HEADER_LINES and _HEADER.match(lines[end].lstrip()):
        end, headers = end + 1, headers + 1
    starts = first < len(lines) and _SENDER.match(lines[first].lstrip()) is not None
    if not is_marked and not (starts and headers > 2):
        return at
    return _past_blank(lines, end)


def _is_software(lines: list[str], at: int) -> bool:
    line = lines[at].strip()[:_LONGEST_LINE]
    if _SOFTWARE.fullmatch(line):
        return True
    if not (_RULE.fullmatch(line) and len(line) >= 20):
        return False
    return any(_LIST.search(line) for line in lines[at + 1 : at + 1 + _FOOTER_LINES])


def _answered_below(lines: list[str], quoted: list[bool], at: int) -> bool:
    """Return whether "On Monday, Ken Ito wrote:" begins here, and no marked lines follow."""
    if not re.match(_ON, lines[at].lstrip()[:10], re.IGNORECASE):
        return False
    for end in range(at + 1, at + 1 + _SAID_LINES):
        said = _joined(lines[at:end])
        if _SAID_ON.fullmatch(said) and _WHEN_OR_WHO.search(said):
            below = _past_blank(lines, end)
            return below >= len(lines) or not quoted[below]
        if end >= len(lines) or quoted[end] or not lines[end].strip():
            break
    return False


def _kept(lines: list[str], quoted: list[bool]) -> list[str]:
    """Return the lines that are neither quoted nor say whose the quoted ones are."""
    dropped = list(quoted)
    for at in range(len(lines)):
        if quoted[at] and not (at and quoted[at - 1]):
            first, last = _attribution(lines, at)
            dropped[first:last] = [True] * (last - first)
    kept: list[str] = []
    gap = False
    for line, drop in zip(lines, dropped, strict=True):
        if drop:
            gap = True
        elif not _SEAL.fullmatch(line.strip()):
            if gap and not line.strip() and not (kept and kept[-1].strip()):
                continue  # one empty line is enough where a quotation stood
            kept.append(line)
            gap = gap and not line.strip()
    return kept


def _attributed(lines: list[str], at: int) -> bool:
    first, last = _attribution(lines, at)
    return first < last


def _attribution(lines: list[str], at: int) -> tuple[int, int]:
    """Return where the lines stand that say whose words are quoted from `at` on, if any do."""
    end = at
    while end > max(0, at - 3) and not lines[end - 1].strip():
        end -= 1
    for first in range(max(0, end - _SAID_LINES), end):
        said = lines[first:end]
        if all(line.strip() for line in said) and _SAID_ON.fullmatch(_joined(said)):
            return first, end
    if end and _SAID.fullmatch(lines[end - 1].strip()[:_LONGEST_LINE]):
        return end - 1, end
    return at, at


def _unsigned(lines: list[str]) -> list[str]:
    """Return the lines before a signature, where one ends the mail."""
    end, below = len(lines), 0
    for at in range(len(lines) - 1, -1, -1):
        if _DELIMITER.fullmatch(lines[at]):
            end = at
        below += bool(lines[at].strip())
        if below > _SIGNATURE_LINES + 1:
            break
    # Without its space it is as likely to be a line that the author drew below a heading.
    if lines[end:] and lines[end] == "--" and not any(map(str.strip, lines[:end])):
        return lines
    return lines[:end]


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)[:_LONGEST_LINE]


def _past_blank(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
