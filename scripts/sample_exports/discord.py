"""DiscordChatExporter's JSON of one channel."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

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


def snowflake(moment: datetime, n: int = 0) -> str:
    """Return a Discord id: milliseconds since 2015, then a counter."""
    return str((int(moment.timestamp() * 1000) - 1420070400000) << 22 | n)


def as_json(people: People, messages: list[Row]) -> bytes:
    """Return the channel's export. A deleted message is gone; its replies still point to it."""
    ids = {row["id"]: snowflake(row["moment"], n) for n, row in enumerate(messages)}
    authors = {row["id"]: row["author"] for row in messages}
    users = {name: _user(person) for name, person in people.items()}
    entries = list(_notices(users, messages))
    for row in messages:
        if row.get("deleted"):
            continue
        named = re.findall(r"@([a-z]+)\b", row["text"])
        mentioned = [name for name, person in people.items() if person["handle"] in named]
        if row["reply_to"] is not None:  # a reply pings the one it answers
            mentioned = list(dict.fromkeys([authors[row["reply_to"]], *mentioned]))
        text = with_mentions(row["text"], people, lambda person: "@" + person["name"])
        entry = _message(ids[row["id"]], row["moment"], users[row["author"]]) | {
            "content": text,
            "mentions": [users[name] for name in mentioned],
        }
        if row["reply_to"] is not None:
            entry |= {"type": "Reply", "reference": _reference(ids[row["reply_to"]])}
        if "edited" in row:
            entry["timestampEdited"] = row["changed"].isoformat()
        if "image" in row:
            url = f"https://cdn.discordapp.com/attachments/1/{ids[row['id']]}/{row['image']}"
            file = {"id": ids[row["id"]], "url": url, "fileName": row["image"]}
            entry["attachments"] = [{**file, "fileSizeBytes": 48213}]
        entries.append(entry)
    entries.sort(key=lambda entry: int(entry["id"]))
    export = {**_header(), "messages": entries, "messageCount": len(entries)}
    return json.dumps(export, ensure_ascii=False, indent=2).encode()


def _header() -> Row:
    guild, channel = _places()
    return {
        "guild": {"id": guild, "name": COURSE, "iconUrl": "https://cdn.discordapp.com/embed/avatars/0.png"},
        "channel": {"id": channel, "type": "GuildTextChat", "categoryId": str(int(channel) - 1),
                    "category": "Course", "name": "course-chat", "topic": CHANNELS["general"]},
        "dateRange": {"after": None, "before": None},
        "exportedAt": EXPORTED.isoformat(),
    }  # fmt: skip


def _places() -> tuple[str, str]:
    opened = datetime(2026, 9, 5, 8, 0, tzinfo=UTC)
    return snowflake(opened), snowflake(opened, 2)


def _reference(message_id: str) -> Row:
    guild, channel = _places()
    return {"type": "Default", "messageId": message_id, "channelId": channel, "guildId": guild}


def _user(person: Row) -> Row:
    staff = person["role"] in ("tutor", "assistant")
    role = {"id": _places()[0], "name": "Staff", "color": "#1ABC9C", "position": 1}
    return {
        "id": snowflake(datetime(2019, 3, 1, tzinfo=UTC) + timedelta(days=37 * person["n"])),
        "name": person["handle"],
        "discriminator": "0000",
        "nickname": person["name"],
        "color": role["color"] if staff else None,
        "isBot": person.get("bot", False),
        "roles": [role] if staff else [],
        "avatarUrl": f"https://cdn.discordapp.com/embed/avatars/{person['n'] % 6}.png",
    }


def _message(message_id: str, moment: datetime, author: Row) -> Row:
    return {
        "id": message_id,
        "type": "Default",
        "timestamp": moment.isoformat(),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": "",
        "author": author,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
    }


def _notices(users: People, messages: list[Row]) -> Iterable[Row]:
    """Yield what Discord itself and the bot wrote, worded as the exporter words it."""
    for name, when in latecomers(messages).items():
        yield _message(snowflake(when), when, users[name]) | {
            "type": "GuildMemberJoin",
            "content": "Joined the server.",
        }
    root = messages[0]
    pinned = root["moment"] + timedelta(minutes=2)
    yield _message(snowflake(pinned), pinned, users[root["author"]]) | {
        "type": "ChannelPinnedMessage",
        "content": "Pinned a message.",
        "reference": _reference(snowflake(root["moment"], 0)),
    }
    for time, text in REMINDERS.items():
        when = datetime.fromisoformat(time)
        bot = _user({"name": BOT, "handle": "deadline-bot", "role": "", "n": 44, "bot": True})
        yield _message(snowflake(when), when, bot) | {"content": text}
