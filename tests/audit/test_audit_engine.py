import json
from itertools import islice

import pytest

from tonecheck.audit.engine import source_of
from tonecheck.audit.manifest import Export
from tonecheck.audit.options import AuditOptions
from tonecheck.audit.run import run_audit
from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.messages import BadRow


class Elsewhere:
    """Reads tables and judges them with the words of `conftest.py`, as a cluster would."""

    name = "elsewhere"

    def __init__(self, paths, check, *, stop_after=None):
        self.paths = paths
        self.check = check
        self.asked = []
        self.stop_after = stop_after
        self.exports = [Export.of(path, format="table") for path in paths]

    def source(self, position):
        return source_of("table", position)

    def read(self, position):
        self.asked.append(position)
        rows = read_export(self.paths[position])
        for row in islice(rows, self.stop_after):
            if isinstance(row, BadRow):
                yield row, None
            else:
                yield row, json.dumps(self.check(row).to_dict())
        if self.stop_after is not None:
            raise InputError("the cluster went away.")


@pytest.fixture
def exports(write_export, forum):
    return [write_export([*forum, forum[0]], "one.jsonl"), write_export(forum[:3], "two.jsonl")]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_engine_leads_to_the_files_of_a_local_audit(
    exports, checker, check_words, tmp_path, without_charts
):
    with exports[0].open("a", encoding="utf-8") as file:
        file.write("nope\n")
    options = AuditOptions(names=True)
    run_audit(exports, tmp_path / "here", checker, options=options)
    judged_here = len(checker.seen)
    engine = Elsewhere(exports, check_words)
    run_audit(engine, tmp_path / "there", checker, options=options)
    assert files(tmp_path / "there") == files(tmp_path / "here")
    assert len(checker.seen) == judged_here  # no message was judged here the second time
    assert engine.asked == [0, 1]


def test_an_audit_goes_on_with_the_export_at_which_its_engine_failed(
    exports, checker, check_words, tmp_path, without_charts
):
    run_audit(exports, tmp_path / "here", checker)
    broken = Elsewhere(exports, check_words)
    broken.read = lambda position: Elsewhere.read(
        broken if position == 0 else Elsewhere(exports, check_words, stop_after=1), position
    )
    with pytest.raises(InputError, match=r"^the cluster went away\.") as caught:
        run_audit(broken, tmp_path / "out", checker)
    assert "the same command goes on from there" in caught.value.__notes__[0]
    notices = []
    engine = Elsewhere(exports, check_words)
    options = AuditOptions(on_notice=notices.append)
    run_audit(engine, tmp_path / "out", checker, options=options)
    assert notices == ["going on where it was: 1 of 2 exports read"]
    assert engine.asked == [1]
    assert files(tmp_path / "out") == files(tmp_path / "here")


def test_unfinished_work_of_an_engine_is_not_taken_up_here(
    exports, checker, check_words, tmp_path, without_charts
):
    broken = Elsewhere(exports, check_words)
    broken.read = lambda position: Elsewhere.read(
        broken if position == 0 else Elsewhere(exports, check_words, stop_after=1), position
    )
    with pytest.raises(InputError, match=r"^the cluster went away\."):
        run_audit(broken, tmp_path / "out", checker)
    notices = []
    run_audit(exports, tmp_path / "out", checker, options=AuditOptions(on_notice=notices.append))
    assert notices == [
        f"the unfinished audit in {tmp_path / 'out'} had other options: "
        "it is thrown away, and this one starts anew"
    ]
