"""Takes out of a spool what its outputs must not show, before any of them is written.

All outputs come from the spool, so what is not in it any more cannot get into one of them. It is
done in one go: a process that is killed meanwhile leaves the spool as it was.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tonecheck.audit.members import label
from tonecheck.audit.names import NameFinder
from tonecheck.audit.pseudonyms import Pseudonyms
from tonecheck.audit.redact import Cover, Kind, Redacted, Redactor, redact_verdict
from tonecheck.audit.spool import Spool
from tonecheck.audit.stored import LONGEST_NAME, pack, unpack
from tonecheck.prepare import MAX_CHARS
from tonecheck.verdict import Verdict

_STEP = "hiding"
_MESSAGES = """
SELECT m.seq, m.member, m.thread, m.parent, m.text, m.body, v.body FROM messages m
LEFT JOIN verdicts v ON v.seq = m.seq WHERE m.seq > ? ORDER BY m.seq LIMIT ?
"""
_SHOWN_HANDLE = "<>@!&*_ "

Advance = Callable[[int], None]
"""Called with how many messages were looked through."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What was taken out.

    Attributes:
        exports: What to call the exports.
        texts: Whether names were taken out of all texts, and members are called in the spool as
            they are called in outputs.
        counts: How much was taken out of the messages of the audit, by kind.
    """

    exports: list[str]
    texts: bool
    counts: dict[str, int]

    def to_dict(self, hiding: "Hiding") -> dict[str, Any]:
        """Return what `summary.json` says."""
        return {
            "texts": self.texts,
            "key": hiding.pseudonyms.fingerprint if hiding.pseudonyms else None,
            "redacted": hiding.redact,
            "counts": self.counts,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """What to take out, beside the names of those who are left out.

    Attributes:
        pseudonyms: What to call people, messages and threads; None for numbers and their own ids.
        redact: Whether names, e-mail addresses, phone numbers, links and handles go as well.
    """

    pseudonyms: Pseudonyms | None = None
    redact: bool = False

    @property
    def texts(self) -> bool:
        """Return whether the names of all members are taken out of texts."""
        return self.redact or self.pseudonyms is not None


def hide(spool: Spool, hiding: Hiding, *, exports: Sequence[str], advance: Advance) -> Hidden:
    """Take out of a judged spool what is not to be shown, and return what that was.

    Called again for one spool, it returns what it returned before.

    Args:
        spool: The messages with their verdicts.
        hiding: What to take out.
        exports: What the exports are called; people may be named there.
        advance: Called now and then.
    """
    if (note := spool.note(_STEP)) is not None:
        return Hidden(**note)
    unnamed = {member for (member,) in spool.each(_after("member", "unnamed"))}
    if not hiding.texts and not unnamed:
        return Hidden(list(exports), False, {})
    veil = _Veil(hiding, dict(spool.names()), unnamed)
    _hide_messages(spool, veil, advance)
    _hide_threads(spool, veil)
    _hide_problems(spool, veil)
    _hide_members(spool, veil)
    counts = {str(kind): veil.counts[kind] for kind in Kind if kind in veil.kinds}
    hidden = Hidden([veil.line(name) for name in exports], hiding.texts, counts)
    spool.end_step(_STEP, asdict(hidden))
    return hidden


class _Veil:
    """Says what stands for every person, id and text."""

    def __init__(self, hiding: Hiding, names: Mapping[int, str], unnamed: set[int]) -> None:
        self.texts = hiding.texts
        self.names, self.unnamed = names, unnamed
        self.pseudonyms = hiding.pseudonyms
        self.kinds = frozenset(Kind) if hiding.redact else frozenset({Kind.NAME, Kind.HANDLE})
        sought = names.items() if hiding.texts else ((key, names[key]) for key in unnamed)
        self.redactor = Redactor(
            NameFinder(sought), kinds=self.kinds, show=self._show, strangers=hiding.texts
        )
        self.counts: Counter[Kind] = Counter()

    def member(self, member: int | None) -> str:
        """Return what to call a member, as outputs do, or as the export does where they choose."""
        if member is None or member in self.unnamed:
            return ""
        if self.pseudonyms:
            return self.pseudonyms.person(self.names[member])
        name = self.names[member]
        return label(member, name, names=not self.texts)

    def text(self, text: str) -> Redacted:
        """Return a text of a message as it may be shown."""
        return self.redactor.redact(text, cut=len(text) > MAX_CHARS)

    def line(self, text: str) -> str:
        """Return a title, a place or a reason as it may be shown."""
        cut = text.endswith("…") or len(text) >= LONGEST_NAME
        return self.redactor.redact(text, cut=cut).text

    def message(self, id: str, seq: int | None) -> str:
        """Return what stands for the id of a message; a mail's holds an address, for one."""
        if self.pseudonyms:
            return self.pseudonyms.message(id)
        if self.line(id) == id:
            return id
        return f"[id {seq}]" if seq is not None else ""

    def thread(self, id: str, key: int) -> str:
        """Return what stands for the id of a thread; a chat of two has their names, for one."""
        if self.pseudonyms:
            return self.pseudonyms.thread(id)
        return id if self.line(id) == id else f"[thread {key}]"

    def place(self, place: str) -> str:
        """Return where a message was read, or nothing where its id is not to be found out."""
        return "" if self.pseudonyms else self.line(place)

    def _show(self, cover: Cover, shown: str) -> str:
        member = cover.member if cover.member not in self.unnamed else None
        if self.pseudonyms and cover.kind is Kind.NAME:
            return self.member(member) or f"[{Kind.NAME}]"
        if self.pseudonyms and cover.kind is Kind.HANDLE and cover.member is None:
            return f"@{self.pseudonyms.person(shown.strip(_SHOWN_HANDLE))}"
        if self.pseudonyms and cover.kind is Kind.HANDLE and member is not None:
            return f"@{self.member(member)}"
        return f"[{Kind.NAME if cover.member in self.unnamed else cover.kind}]"


def _hide_messages(spool: Spool, veil: _Veil, advance: Advance) -> None:
    for done, (seq, member, thread, parent, text, body, verdict) in enumerate(
        spool.each(_MESSAGES), start=1
    ):
        redacted = veil.text(unpack(text))
        fields = _fields(json.loads(body), veil, (seq, member, thread, parent))
        spool.change(
            "UPDATE messages SET text = ?, body = ?, id = ?, reply_to = ? WHERE seq = ?",
            [
                (
                    pack(redacted.text),
                    json.dumps(fields),
                    pack(fields["id"]),
                    pack(fields["reply_to"]),
                    seq,
                )
            ],
        )
        if verdict is not None:
            veil.counts += redacted.counts
            shown = redact_verdict(Verdict.from_dict(json.loads(verdict)), redacted, veil.redactor)
            shown = replace(shown, id=fields["id"])
            line = json.dumps(shown.to_dict(), separators=(",", ":"))
            spool.change("UPDATE verdicts SET body = ? WHERE seq = ?", [(line, seq)])
        advance(done)


def _fields(
    fields: dict[str, Any], veil: _Veil, keys: tuple[int, int | None, int, int | None]
) -> dict[str, Any]:
    """Return all of a message but its text, as it may be shown."""
    seq, member, thread, parent = keys
    return {
        **fields,
        "id": veil.message(fields["id"], seq),
        "author": veil.member(member),
        "thread": veil.thread(fields["thread"], thread),
        "title": veil.line(fields["title"]),
        "reply_to": veil.message(fields["reply_to"], parent),
        "parent": None if fields["parent"] is None else veil.text(fields["parent"]).text,
        "place": veil.place(fields["place"]),
    }


def _hide_threads(spool: Spool, veil: _Veil) -> None:
    for key, name, title in spool.each(_after("key", "threads", "name, title")):
        spool.change(
            "UPDATE threads SET name = ?, title = ? WHERE key = ?",
            [(pack(veil.thread(unpack(name), key)), pack(veil.line(unpack(title))), key)],
        )


def _hide_problems(spool: Spool, veil: _Veil) -> None:
    for seq, place, reason in spool.each(_after("seq", "problems", "place, reason")):
        spool.change(
            "UPDATE problems SET place = ?, reason = ? WHERE seq = ?",
            [(pack(veil.line(unpack(place))), pack(veil.line(unpack(reason))), seq)],
        )


def _hide_members(spool: Spool, veil: _Veil) -> None:
    """Write what members are called in the place of their names; one name is one member."""
    spool.rows("DELETE FROM members")
    first: dict[str, int] = {}
    for member in veil.names:
        name = veil.member(member)
        if name and (same := first.setdefault(name, member)) != member:
            spool.rows("UPDATE messages SET member = ? WHERE member = ?", same, member)
    spool.change(
        "INSERT INTO members VALUES (?, ?)", ((key, pack(name)) for name, key in first.items())
    )


def _after(key: str, table: str, columns: str = "") -> str:
    names = f"{key}, {columns}" if columns else key
    return f"SELECT {names} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?"
