"""Slack's workspace export: a zip with one file a channel and day."""

import hashlib
import io
import json
import re
import uuid
import zipfile
from collections import defaultdict
from datetime import UTC, datetime

from sample_exports.source import (
    BOT,
    CHANNELS,
    COURSE,
    EXPORTED,
    REMINDERS,
    People,
    Row,
    latecomers,
    with_mentions,
)

EMOJI = {
    "😂": "joy", "🙈": "see_no_evil", "😅": "sweat_smile", "😍": "heart_eyes", "😭": "sob",
    "🙂": "slightly_smiling_face", "🚀": "rocket", "👉": "point_right", "💀": "skull", "🔥": "fire",
    "🍺": "beer", "🎉": "tada", "💪": "muscle", "🐐": "goat", "👍": "+1",
}  # fmt: skip
"""The names under which Slack stores the emoji of this community."""


def key(letter: str, name: str) -> str:
    """Return an id that stays with a name: a letter and ten capitals or digits."""
    digest = hashlib.sha256(name.encode()).digest()
    return letter + "".join("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[byte % 32] for byte in digest[:10])


def stamp(moment: datetime, n: int = 0) -> str:
    """Return a message's `ts`, which is its id; `n` keeps those of one second apart."""
    return f"{int(moment.timestamp())}.{n % 1000:03d}{n * 7 % 10}29"


def mrkdwn(text: str, people: People) -> str:
    """Return Markdown as Slack stores it: escaped, with its own links, mentions and emoji."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parts = re.split(r"(```.*?```|`[^`\n]+`)", text, flags=re.DOTALL)
    for n, part in enumerate(parts):
        parts[n] = re.sub(r"^```\w+\n", "```\n", part) if n % 2 else _prose(part, people)
    return "".join(parts)


def _prose(text: str, people: People) -> str:
    text = re.sub(
        r"\[([^\]]+)\]\((https?://[^)\s]+)\)|(https?://\S+)",
        lambda m: f"<{m[2]}|{m[1]}>" if m[2] else f"<{m[3]}>",
        text,
    )
    text = re.sub(r"(?<![\w*])\*(\w[^*\n]*)\*(?![\w*])", r"_\1_", text)
    text = re.sub(r"\*\*(\w[^*\n]*)\*\*", r"*\1*", text)
    text = with_mentions(text, people, lambda person: f"<@{key('U', person['name'])}>")
    unknown = {c for c in text if c >= "\u2600"} - set(EMOJI)
    if unknown:
        raise ValueError(f"no Slack name for {sorted(unknown)}. Add them to EMOJI.")
    return "".join(f":{EMOJI[c]}:" if c in EMOJI else c for c in text)


def channel_messages(people: People, messages: list[Row]) -> list[tuple[str, Row]]:
    """Return (channel, message) pairs, oldest first; replies hang on the first of their thread."""
    stamps = {row["id"]: stamp(row["moment"], n) for n, row in enumerate(messages)}
    roots = {row["thread"]: row for row in messages if row["reply_to"] is None}
    replies = defaultdict(list)
    for row in messages:
        if row["reply_to"] is not None:
            reply = {"user": key("U", row["author"]), "ts": stamps[row["id"]]}
            replies[row["thread"]].append(reply)
    entries = []
    for row in messages:
        entry = _message(row, people, stamps[row["id"]])
        root = roots[row["thread"]]
        if replies[row["thread"]]:
            entry["thread_ts"] = stamps[root["id"]]
        if row is root:
            entry |= _thread(replies[row["thread"]])
        else:
            entry["parent_user_id"] = key("U", root["author"])
        if row.get("broadcast"):
            entry["subtype"] = "thread_broadcast"
            entry["root"] = _message(root, people, stamps[root["id"]])
        entries.append((row["channel"], entry))
    return entries


def _message(row: Row, people: People, ts: str) -> Row:
    if row.get("deleted"):  # of a deleted first message with replies, a tombstone stays
        text = "This message was deleted."
        return {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": text,
                "hidden": True, "ts": ts}  # fmt: skip
    user, team = key("U", row["author"]), key("T", COURSE)
    entry: Row = {
        "user": user,
        "type": "message",
        "ts": ts,
        "client_msg_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"slack/{row['id']}")),
        "text": mrkdwn(row["text"], people),
        "team": team,
        "user_team": team,
        "source_team": team,
        "user_profile": {
            "real_name": row["author"],
            "display_name": people[row["author"]]["handle"],
        },
    }
    if "edited" in row:
        entry["edited"] = {"user": user, "ts": stamp(row["changed"])}
    if "image" in row:
        file = {"id": key("F", row["id"]), "name": row["image"], "title": row["image"]}
        entry["files"] = [{**file, "mimetype": "image/png", "filetype": "png", "user": user}]
        entry["upload"] = False
    return entry


def _thread(replies: list[Row]) -> Row:
    if not replies:
        return {}
    users = list(dict.fromkeys(reply["user"] for reply in replies))
    return {
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1]["ts"],
        "reply_users": users,
        "replies": replies,
        "is_locked": False,
        "subscribed": False,
    }


def notices(messages: list[Row]) -> list[tuple[str, Row]]:
    """Return what Slack itself and the bot wrote into #general."""
    found: list[Row] = []
    for name, when in latecomers(messages).items():
        user = key("U", name)
        text = f"<@{user}> has joined the channel"
        found.append({"user": user, "type": "message", "subtype": "channel_join",
                      "ts": stamp(when), "text": text})  # fmt: skip
    for time, text in REMINDERS.items():
        found.append({"type": "message", "subtype": "bot_message", "bot_id": key("B", BOT),
                      "username": BOT, "ts": stamp(datetime.fromisoformat(time)),
                      "text": text})  # fmt: skip
    return [("general", notice) for notice in found]


def as_zip(people: People, messages: list[Row]) -> bytes:
    """Return the zip. Entries are stored, not deflated: zlib's bytes differ between builds."""
    days = defaultdict(list)
    for channel, entry in channel_messages(people, messages) + notices(messages):
        day = datetime.fromtimestamp(int(entry["ts"].split(".")[0]), tz=UTC).date()
        days[f"{channel}/{day}.json"].append(entry)
    files = {
        "channels.json": _channels(people, messages),
        "users.json": [_user(person) for person in people.values()],
        "integration_logs.json": [{
            "user_id": key("U", "Priyanka R."), "user_name": "priyanka", "app_type": BOT,
            "app_id": key("A", BOT), "change_type": "added", "date": "1788681600",
        }],
        **{path: sorted(days[path], key=lambda entry: entry["ts"]) for path in sorted(days)},
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, rows in files.items():
            info = zipfile.ZipInfo(path, date_time=EXPORTED.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, json.dumps(rows, indent=4).replace("/", r"\/"))
    return buffer.getvalue()


def _channels(people: People, messages: list[Row]) -> list[Row]:
    creator = key("U", "Priyanka R.")
    return [
        {
            "id": key("C", name),
            "name": name,
            "created": 1788595200,
            "creator": creator,
            "is_archived": False,
            "is_general": name == "general",
            "members": [key("U", who) for who in people if _wrote(who, name, messages)],
            "topic": {"value": topic, "creator": creator, "last_set": 1788595200},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
        for name, topic in CHANNELS.items()
    ]


def _wrote(author: str, channel: str, messages: list[Row]) -> bool:
    return any(row["author"] == author and row["channel"] == channel for row in messages)


def _user(person: Row) -> Row:
    return {
        "id": key("U", person["name"]),
        "team_id": key("T", COURSE),
        "name": person["handle"],
        "deleted": False,
        "real_name": person["name"],
        "profile": _profile(person),
        "is_admin": person["role"] in ("tutor", "assistant"),
        "is_bot": False,
        "updated": 1788595200,
    }


def _profile(person: Row) -> Row:
    return {"real_name": person["name"], "display_name": person["handle"]}
