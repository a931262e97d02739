"""How long reading a long thread takes, and whether following one keeps its memory flat.

The threads are made of the sample community's messages, drawn at random, each answering one of the
200 before it by one of 500 people.

    python benchmarks/threads.py
"""

import sys

from machine import ROOT, store, timed

REPLIES = 10_000
STREAMS = (20_000, 100_000)
_MADE = """
import json, random, sys
import tonecheck
from tonecheck.messages import Message, Thread

texts = [json.loads(line)["text"] for line in open(sys.argv[1], encoding="utf-8")]
count, draw = int(sys.argv[2]), random.Random(6)
checker = tonecheck.load("linear-en")
messages = (
    Message(
        id=str(number),
        author=f"p{draw.randrange(500)}",
        text=draw.choice(texts),
        reply_to=str(draw.randrange(max(0, number - 200), number)) if number else "",
    )
    for number in range(count)
)
"""
_WHOLE = "checker.read_thread(Thread(id='t', messages=tuple(messages)))"
_STREAM = """
from tonecheck.conversation.reader import Following, ThreadReader
verdicts = dict(zip(texts, checker.check_many(texts), strict=True))
following = Following(lambda message: verdicts[message.text], ThreadReader("t"))
for message in messages:
    following.add(message)
following.report()
"""


def main() -> None:
    """Time each in a process of its own, and store what it took."""
    community = str(ROOT / "data" / "samples" / "community.jsonl")

    def took(code: str, count: int) -> dict[str, float]:
        command = [sys.executable, "-c", _MADE + code, community, str(count)]
        return {"messages": count, **timed(command)}

    results = {
        "nothing read": took("", 0),
        "read_thread with linear-en": took(_WHOLE, REPLIES),
        "followed, verdicts known": [took(_STREAM, count) for count in STREAMS],
    }
    print(store("threads", results))


if __name__ == "__main__":
    main()
