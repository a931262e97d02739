"""Write the verdicts of each shipped model on fixed replies to tests/golden/MODEL.jsonl.

The replies are those of the sample community that carry a tone or a hard negative's number, and the
special cases below, one for each way that a verdict can end. A test compares; the diff of a file is
read whenever its model changes.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import tonecheck
from tonecheck import Message
from tonecheck.modelstore import shipped_models

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
COMMUNITY = ROOT / "data" / "samples" / "community.jsonl"

SPECIAL = {
    "empty": "",
    "only a quote": "> you are an idiot",
    "only code": "```\nidiot = True\n```",
    "only an emoji": "🎉",
    "only a link": "https://example.org/notes",
    "spanish": "No entiendo por qué la mediana es mejor que la media en este ejercicio.",
    "arabic": "لا أفهم لماذا نستخدم الوسيط هنا",
    "insult": "You are an idiot and everything you post here is garbage.",
    "disguised insult": "you absolute i d i o t",
    "masked insult": "what a st*pid thing to say, you m0ron",
    "brush-off": "Just google it.",
    "gatekeeping": "If you have to ask this, you should not be on this course.",
    "pressing": "Just admit you were wrong. End of story.",
    "hard sell": "DM me for my course, only 3 places left, you would be crazy to miss it!!!",
    "both": "lol, learn to read, moron",
    "reported": "He wrote “you are an idiot” to a beginner, and I think that was unfair.",
    "negated": "Nobody thinks you are stupid; this chapter is hard for all of us.",
    "joyful swearing": "holy shit it runs, damn, thank you so much!",
    "blunt but reasoned": "This is wrong: the variance needs the covariance term. Redo step 3.",
    "kind": "Great question! Have a look at page 12, and shout if it is still unclear.",
    "long": "This part is fine and I have nothing to add to it. " * 500,
}


def messages() -> Iterator[Message]:
    """Yield what is judged: every third message of the community, all toned ones, and SPECIAL."""
    rows = [json.loads(line) for line in COMMUNITY.read_text(encoding="utf-8").splitlines()]
    texts = {row["id"]: row["text"] for row in rows}
    for place, row in enumerate(rows):
        if place % 3 == 0 or any(row["labels"].values()):
            yield Message(id=row["id"], text=row["text"], parent=texts.get(row["reply_to"]))
    for name, text in SPECIAL.items():
        yield Message(id=name, text=text)


def main() -> None:
    """Write the files."""
    for path in shipped_models():
        checker = tonecheck.load(path.name)
        lines = [
            json.dumps(verdict.to_dict(), ensure_ascii=False)
            for verdict in checker.check_many(messages())
        ]
        file = GOLDEN / f"{path.name}.jsonl"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{file.relative_to(ROOT)}: {len(lines)} verdicts of {checker.model}")


if __name__ == "__main__":
    main()
