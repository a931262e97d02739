"""The shipped model's verdicts on fixed replies; `scripts/golden.py` rewrites them."""

import importlib.util
import json
from pathlib import Path

import pytest

import tonecheck
from tonecheck.labels import TONES, Decision, Severity
from tonecheck.modelstore import shipped_models
from tonecheck.verdict import Note, Verdict

ROOT = Path(__file__).parents[1]


def script():
    spec = importlib.util.spec_from_file_location("golden", ROOT / "scripts" / "golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOLDEN = script()
MODELS = [path.name for path in shipped_models()]


def read(model):
    lines = (GOLDEN.GOLDEN / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Verdict.from_dict(json.loads(line)) for line in lines]


@pytest.mark.parametrize("model", MODELS)
def test_decisions_evidence_and_wording_are_as_reviewed(model):
    found, expected = list(tonecheck.load(model).check_many(GOLDEN.messages())), read(model)
    assert [verdict.id for verdict in found] == [verdict.id for verdict in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.explanation == theirs.explanation, ours.id
        assert ours.note is theirs.note, ours.id
        for tone in TONES:
            one, other = ours.tones[tone], theirs.tones[tone]
            assert one.probability == pytest.approx(other.probability, abs=2e-4), (ours.id, tone)
            assert (one.decision, one.severity) == (other.decision, other.severity), ours.id
            spans = [(e.start, e.end, e.cue) for e in one.evidence]
            assert spans == [(e.start, e.end, e.cue) for e in other.evidence], ours.id


@pytest.mark.parametrize("model", MODELS)
def test_the_golden_replies_reach_every_way_a_verdict_can_end(model):
    expected = read(model)
    decisions = {(tone, v.tones[tone].decision) for v in expected for tone in TONES}
    assert decisions == {(tone, decision) for tone in TONES for decision in Decision}
    severities = {(tone, v.tones[tone].severity) for v in expected for tone in TONES}
    assert severities == {(tone, severity) for tone in TONES for severity in Severity}
    assert {verdict.note for verdict in expected} == {None, *Note}
    cues = {e.cue for v in expected for score in v.tones.values() for e in score.evidence}
    assert "model" in cues
    assert len(cues) > 15


@pytest.mark.parametrize("model", MODELS)
def test_evidence_stands_in_the_reply_as_written(model):
    texts = {message.id: message.text for message in GOLDEN.messages()}
    for verdict in read(model):
        for score in verdict.tones.values():
            assert bool(score.evidence) == (score.decision is not Decision.NO) or verdict.note
            for e in score.evidence:
                assert texts[verdict.id][e.start : e.end] == e.text
