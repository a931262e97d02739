"""What teachers judge, and what is kept of them for a run that goes on."""

import json
import lzma
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("onnxscript")

import safetensors.torch

from tonecheck.errors import InputError
from tonecheck.labels import TONES
from tonecheck.training.encoder_data import EncoderSettings, split_data, unjudged
from tonecheck.training.encoder_recipe import Tuner, train_encoder
from tonecheck.training.mixture import Pool
from tonecheck.training.recipe import Recipe, read_development


def test_a_finished_teacher_is_taken_from_the_work_folder(corpora, checkpoint, tmp_path):
    said = []
    recipe = Recipe(folders=[corpora], out=Path("unused"), say=said.append)
    settings = EncoderSettings(base=str(checkpoint), rounds=1, work=tmp_path / "kept")
    _, split = split_data(recipe, settings, read_development(recipe))
    split = replace(split, held_out=split.held_out[:12])
    pools = [Pool(examples=split.taught, drawn=20, weight=1.0)]
    tuner = Tuner(recipe, settings, split, base=checkpoint)
    first, again = (tuner.thought(split.held_out, pools, 5) for _ in range(2))
    assert re.fullmatch(r"taking teacher-5-\w{12}-\w{12}\.npy from .*kept", said[-1])
    assert (first == again).all()
    others = tuner.thought(split.held_out[:9], pools, 5)
    assert re.fullmatch(r"taking teacher-5-\w{12}\.safetensors from .*kept", said[-2])
    assert others == pytest.approx(first[:9], abs=0.02)
    Tuner(recipe, replace(settings, rounds=2), split, base=checkpoint).thought([], pools, 5)
    assert said[-2].startswith("round 2 of 2")


def test_a_teacher_that_reads_no_parents_judges_without_them(corpora, checkpoint):
    recipe = Recipe(folders=[corpora], out=Path("unused"))
    settings = EncoderSettings(base=str(checkpoint), rounds=1, parents=False)
    _, split = split_data(recipe, settings, read_development(recipe))
    split = replace(split, held_out=split.held_out[:6])
    tuner = Tuner(recipe, settings, split, base=checkpoint)
    pools = [Pool(examples=split.taught, drawn=8, weight=1.0)]
    asked = [replace(post, parent="Where are the notes of week two?") for post in split.taught[:4]]
    found = tuner.thought([*asked, *split.taught[:4]], pools, 5)
    assert found[:4] == pytest.approx(found[4:], abs=1e-3)
    assert found.std() > 0.02


@pytest.mark.parametrize(
    ("module", "name", "place", "kind"),
    [(np, "save", 0, "npy"), (safetensors.torch, "save_file", 1, "safetensors")],
    ids=["what a teacher thinks", "a teacher"],
)
def test_what_is_half_written_is_not_taken_for_finished(
    corpora, checkpoint, tmp_path, monkeypatch, module, name, place, kind
):
    """The run is stopped while it writes, when half of the file is there."""
    write = getattr(module, name)

    def half(*arguments):
        scratch = tmp_path / f"whole.{kind}"
        write(*(scratch if at == place else part for at, part in enumerate(arguments)))
        content = scratch.read_bytes()
        target = arguments[place]
        put = target.write if hasattr(target, "write") else target.write_bytes
        put(content[: len(content) // 2])
        raise KeyboardInterrupt

    said = []
    recipe = Recipe(folders=[corpora], out=Path("unused"), say=said.append)
    settings = EncoderSettings(base=str(checkpoint), rounds=1, work=tmp_path / "kept")
    _, split = split_data(recipe, settings, read_development(recipe))
    tuner = Tuner(recipe, settings, replace(split, held_out=split.held_out[:6]), base=checkpoint)
    pools = [Pool(examples=split.taught, drawn=8, weight=1.0)]
    monkeypatch.setattr(module, name, half)
    with pytest.raises(KeyboardInterrupt):
        tuner.thought(split.held_out[:6], pools, 5)
    assert not list(settings.work.glob(f"*.{kind}"))
    monkeypatch.undo()
    again = tuner.thought(split.held_out[:6], pools, 5)
    assert again.shape == (6, len(TONES))
    assert not any(re.match(rf"taking .*\.{kind}", line) for line in said)
    assert (tuner.thought(split.held_out[:6], pools, 5) == again).all()
    assert re.match(r"taking teacher-5-.*\.npy", said[-1])


def test_a_reply_of_a_held_out_thread_is_not_judged_by_teachers(corpora, tmp_path):
    recipe = Recipe(folders=[corpora, tmp_path], out=Path("unused"))
    _, split = split_data(recipe, EncoderSettings(), read_development(recipe))
    text = split.held_out[0].text
    posts = [
        {"id": 1, "parent": None, "text": "Where is the second proof written down?"},
        {"id": 2, "parent": 1, "text": text},
        {"id": 3, "parent": 1, "text": "STOP asking and read page nine of the notes."},
    ]
    with lzma.open(tmp_path / "iac_threads.jsonl.xz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": str(n), "posts": posts}) + "\n" for n in range(8))
    found = unjudged(recipe, EncoderSettings(unlabelled=100), split)
    assert {example.text for example in found if example.source == "iac_threads"} == {
        posts[0]["text"], posts[2]["text"],
    }  # fmt: skip
    assert unjudged(replace(recipe, licence="open"), EncoderSettings(), split) == []


def test_teachers_with_nothing_to_judge_are_refused(corpora, checkpoint):
    recipe = Recipe(folders=[corpora], out=Path("unused"))
    settings = EncoderSettings(base=str(checkpoint), teachers_from=(str(checkpoint),))
    with pytest.raises(InputError, match=r"there are no unlabelled replies for .* to judge"):
        train_encoder(recipe, settings)


def test_a_teacher_of_other_labels_is_another(corpora, checkpoint, tmp_path):
    recipe = Recipe(folders=[corpora], out=Path("unused"))
    settings = EncoderSettings(base=str(checkpoint), rounds=1, work=tmp_path)
    _, split = split_data(recipe, settings, read_development(recipe))
    split = replace(split, held_out=split.held_out[:6])
    changed = replace(split.taught[0], targets=dict.fromkeys(TONES, 0.123))
    for told in (split, replace(split, taught=[changed, *split.taught[1:]])):
        pools = [Pool(examples=told.taught, drawn=8, weight=1.0)]
        Tuner(recipe, settings, told, base=checkpoint).thought(told.held_out, pools, 5)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
