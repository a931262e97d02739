"""Replies of other people's corpora that our annotation names by reference, without their texts.

The texts belong to their sources and stay where they lie; `tonecheck_annotated_train` holds only
which reply is meant, its labels and where its evidence stands. Here the two are put together.
"""

import gzip
import json
import lzma
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonecheck.training.examples import Row

PARENT = 500
"""Characters of what is answered that annotators saw: its end."""

Post = tuple[str, str | None, str]
"""What a reply is called after its thread's name, what it answers, and its text."""

_NAME = re.compile(r'\{"id": ?"?([^",}]+)')  # of a line's thread, seen without reading the line


@dataclass(frozen=True, slots=True)
class Source:
    """Where the replies of a source lie.

    Attributes:
        file: The corpus file.
        posts: Yields the replies of one of its rows.
    """

    file: str
    posts: Callable[[Row], Iterator[Post]]


def _forum(row: Row) -> Iterator[Post]:
    texts = {post["id"]: post["text"] for post in row["posts"]}
    for post in row["posts"]:
        yield f"{row['id']}/{post['id']}", texts.get(post["parent"]), post["text"]


def _issues(row: Row) -> Iterator[Post]:
    yield f"{row['thread']}/{row['id']}", row.get("parent"), row["text"]


def _conversation(row: Row) -> Iterator[Post]:
    texts = [message["text"] for message in row["context"]]
    texts += [row["final"]] if row["final"] else []
    yield from _in_turn(row["id"], texts)


def _dispute(row: Row) -> Iterator[Post]:
    yield from _in_turn(row["id"], [message["text"] for message in row["messages"]])


def _single(row: Row) -> Iterator[Post]:
    yield str(row["id"]), row.get("parent"), row["text"]


def _in_turn(name: str, texts: Sequence[str]) -> Iterator[Post]:
    for turn, (parent, text) in enumerate(zip([None, *texts], texts, strict=False)):
        yield f"{name}/{turn}", parent, text


SOURCES = {
    "iac": Source("iac_threads.jsonl.xz", _forum),
    "github_incivility": Source("github_incivility.jsonl.gz", _issues),
    "cmv_adhominem": Source("cmv_ad_hominem_threads.jsonl.gz", _conversation),
    "dogmatism": Source("dogmatism_reddit.jsonl.gz", _single),
    "wikitactics": Source("wikitactics.jsonl.gz", _dispute),
    "wikipedia_talk": Source("context_toxicity_gc.jsonl.gz", _single),
    "civil_comments": Source("toxic_spans_train.jsonl.gz", _single),
}


def with_texts(rows: Iterable[Row], folders: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the rows with `text`, `parent` and the words of their `evidence`.

    Rows whose source no folder holds are left out: without its text a label teaches nothing.

    Args:
        rows: Each with `source`, `ref`, `labels` and `evidence`.
        folders: Where the corpora lie.

    Raises:
        ValueError: If a source's file is there but does not hold a reply that a row names, or a
            row names a source that is not known.
    """
    wanted: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row["source"] not in SOURCES:
            raise ValueError(f"source {row['source']!r} is none of {', '.join(SOURCES)}")
        wanted[row["source"]][row["ref"]] = row
    for name, named in wanted.items():
        path = next((p for f in folders if (p := f / SOURCES[name].file).is_file()), None)
        if path is None:
            continue
        missing = set(named)
        for ref, parent, text in _posts(path, SOURCES[name], set(named)):
            missing.discard(ref)
            yield _joined(named[ref], parent, text)
        if missing:
            raise ValueError(f"{path.name} holds no reply {min(missing)!r}")


def _posts(path: Path, source: Source, refs: set[str]) -> Iterator[Post]:
    """Yield the replies of a file that are wanted; each once."""
    opened = lzma.open if path.suffix == ".xz" else gzip.open
    threads = {ref.split("/", 1)[0] for ref in refs}
    left = set(refs)
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            name = _NAME.match(line)
            if source.posts is not _issues and name and name[1] not in threads:
                continue  # a thread of a long file that nobody asks for need not be read
            for post in source.posts(json.loads(line)):
                if post[0] in left:
                    left.discard(post[0])
                    yield post


def _joined(row: Row, parent: str | None, text: str) -> dict[str, Any]:
    if parent and len(parent) > PARENT:
        parent = parent[-PARENT:]
    evidence = [{**span, "text": text[span["start"] : span["end"]]} for span in row["evidence"]]
    return {**row, "text": text, "parent": parent, "evidence": evidence}
