"""Makes the list of words that may be somebody's name and are words all the same.

Usage: python scripts/ordinary_words.py CORPORA_FOLDER > src/tonecheck/audit/ordinary.txt

A word is on it if the corpora hold it in the middle of a sentence often, and mostly without a
capital: `will` is, `maya` is not. `audit/names.py` adds the few that are rarer than that. Only
words and their counts are taken from the corpora, and nothing from those that are not free for
every use.
"""

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path

LEAST_USES = 20
LEAST_SHARE = 0.5
NOT_FREE = {"ucc_val"}
MID_SENTENCE = re.compile(r"(?<=[a-z,;] )([A-Za-z]{2,12})(?![\w'’@./-])")


def main(folder: Path) -> None:
    """Print the words, ten a line."""
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl.gz")):
        if path.name.partition(".")[0] in NOT_FREE:
            continue
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if row.get("licence") == "nc":
                    continue
                text = row.get("text")
                for word in MID_SENTENCE.findall(text) if isinstance(text, str) else ():
                    if word.islower():
                        small[word] += 1
                    elif word.istitle():
                        capital[word.lower()] += 1
    words = sorted(
        word
        for word, uses in small.items()
        if uses >= LEAST_USES and uses / (uses + capital[word]) >= LEAST_SHARE
    )
    for start in range(0, len(words), 10):
        print(" ".join(words[start : start + 10]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
