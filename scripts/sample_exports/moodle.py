"""Moodle's forum export (mod/forum/export.php), HTML kept, dates as seconds."""

import csv
import io
import json
import re

from markdown_it import MarkdownIt

from sample_exports.source import People, Row, with_mentions


def posts(people: People, messages: list[Row]) -> list[Row]:
    """Return one row a post, with the columns in Moodle's order."""
    ids = {row["id"]: 88231 + 3 * n for n, row in enumerate(messages)}
    threads = dict.fromkeys(row["thread"] for row in messages)
    discussions = {thread: 3120 + 2 * n for n, thread in enumerate(threads)}
    rows = []
    for row in messages:
        deleted = row.get("deleted", False)  # a privacy request blanks a post and keeps its row
        subject = row["title"] if row["reply_to"] is None else f"Re: {row['title']}"
        html = "" if deleted else as_html(row, people)
        words = re.sub(r"<[^>]+>", " ", html).split()
        rows.append({
            "id": ids[row["id"]],
            "discussion": discussions[row["thread"]],
            "parent": ids.get(row["reply_to"], 0),
            "userid": 402 + 7 * people[row["author"]]["n"],
            "userfullname": row["author"],
            "created": int(row["moment"].timestamp()),
            "modified": int(row["changed"].timestamp()),
            "mailed": 1,
            "subject": "" if deleted else subject,
            "message": html,
            "messageformat": 2 if deleted else 1,
            "messagetrust": 0,
            "attachment": 0,
            "totalscore": 0,
            "mailnow": 0,
            "deleted": int(deleted),
            "privatereplyto": 0,
            "privatereplytofullname": None,
            "wordcount": len(words),
            "charcount": sum(map(len, words)),
        })  # fmt: skip
    return rows


def as_html(row: Row, people: People) -> str:
    """Return a message as the forum's editor stores it."""
    text = with_mentions(row["text"], people, lambda person: "@" + person["name"].split()[0])
    html: str = MarkdownIt("commonmark", {"breaks": True, "html": False}).render(text).strip()
    if "image" in row:
        html += f'\n<p><img src="@@PLUGINFILE@@/{row["image"]}" alt="" class="img-fluid"></p>'
    return html


def as_csv(posts: list[Row]) -> bytes:
    """Return the CSV file; Moodle's writer puts a byte-order mark first."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, fieldnames=list(posts[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(posts)
    return file.getvalue().encode("utf-8-sig")


def as_json(posts: list[Row]) -> bytes:
    """Return the JSON file: a list of sheets, of which there is one, as PHP prints it."""
    rows = (json.dumps(post, ensure_ascii=False, indent=4).replace("/", r"\/") for post in posts)
    return f"[[{','.join(rows)}]]".encode()
