from pathlib import Path

import pytest

OURS = Path(__file__).parents[1] / "data" / "learning"


@pytest.fixture(scope="session")
def part_of_ours(tmp_path_factory):
    """Makes a folder with the first of our own replies, so that training takes seconds."""

    def make(*, train, dev):
        folder = tmp_path_factory.mktemp("corpora")
        for name, count in (("train", train), ("dev", dev)):
            file = f"tonecheck_learning_{name}.jsonl"
            lines = (OURS / file).read_text(encoding="utf-8").splitlines()[:count]
            (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    return make
