"""Write the sample exports: one invented community, as Moodle, Slack and Discord export it.

The source is data/samples/community.jsonl with people.json. Run: python scripts/make_samples.py
The same source gives the same bytes on every run and every machine.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from sample_exports import discord, moodle, slack
from sample_exports.source import SAMPLES, Row, read_messages, read_people

TONES = ("hostility", "hustling", "dismissiveness")


def counts_table(messages: list[Row]) -> str:
    """Return the intended labels, counted, as a Markdown table."""
    written = [row for row in messages if not row.get("deleted")]
    lines = ["| Tone | Mild (1) | Clear (2) | Messages |", "| --- | ---: | ---: | ---: |"]
    for tone in TONES:
        count = Counter(row["labels"][tone] for row in written)
        lines.append(f"| {tone} | {count[1]} | {count[2]} | {count[1] + count[2]} |")
    toned = sum(any(row["labels"].values()) for row in written)
    share = f"{toned / len(written):.1%}"
    lines.append(f"| any of the three ({share} of {len(written)}) | | | {toned} |")
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Write the exports into the folder, and the datasheet with its table counted anew."""
    people, messages = read_people(), read_messages()
    posts = moodle.posts(people, messages)
    (folder / "moodle-forum.csv").write_bytes(moodle.as_csv(posts))
    (folder / "moodle-forum.json").write_bytes(moodle.as_json(posts))
    (folder / "slack-export.zip").write_bytes(slack.as_zip(people, messages))
    (folder / "discord-channel.json").write_bytes(discord.as_json(people, messages))
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    table = f"<!-- counts -->\n{counts_table(messages)}\n<!-- /counts -->"
    text = re.sub(r"<!-- counts -->.*<!-- /counts -->", lambda _: table, text, flags=re.DOTALL)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")
    threads = {row["thread"] for row in messages}
    print(f"{len(messages)} messages in {len(threads)} threads by {len(people)} people: {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
