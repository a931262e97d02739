"""A linear model and an encoder side by side: trained, weighed, opened and refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import tonecheck
from tonecheck.errors import InputError, ModelError, ModelFormatError, ModelIntegrityError
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import open_model, save_model
from tonecheck.prepare import prepare
from tonecheck.reading import Reading
from tonecheck.scorers import open_scorer
from tonecheck.scorers.logistic import sigmoid
from tonecheck.training.linear_recipe import train_linear
from tonecheck.training.pair_recipe import train_pair, weigh
from tonecheck.training.recipe import Recipe

SEED = 3


@pytest.fixture(scope="module")
def recipe(part_of_ours, tmp_path_factory):
    """The settings for training on a part of our own corpus, which takes seconds."""
    models = tmp_path_factory.mktemp("models")
    return Recipe(folders=[part_of_ours(train=400, dev=60)], out=models / "both", seed=SEED)


@pytest.fixture(scope="module")
def parts(recipe, write_encoder):
    """The folders of a linear model and of a tiny encoder."""
    linear, encoder = (recipe.out.with_name(name) for name in ("straight", "deep"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tonecheck.training.linear_recipe.FOLDS", 2)
        train_linear(replace(recipe, out=linear))
    write_encoder(encoder, config={"seed": SEED, "licence": "unstated"})
    return [linear, encoder]


@pytest.fixture(scope="module")
def pair(recipe, parts):
    train_pair(recipe, parts)
    return recipe.out


def reading(text, parent=""):
    return Reading(prepared=prepare(text), parent=parent)


def copied(pair, parts, folder):
    for path in (pair, *parts):
        shutil.copytree(path, folder / path.name)
    return folder / pair.name


def test_a_pair_is_saved_with_the_parts_it_was_weighed_with(pair):
    config = open_model(str(pair)).config
    assert {kind: part["name"] for kind, part in config["parts"].items()} == {
        "linear": "straight",
        "encoder": "deep",
    }
    assert 0 < config["held_out"] < 400 / 4
    card = (pair / "README.md").read_text(encoding="utf-8")
    assert "straight 1.0.0 and deep 0.0.1 each judge a reply" in card
    assert f", {config['held_out']} in number, of threads that taught" in card


def test_log_odds_of_both_are_added(pair, parts):
    readings = [reading("You are an idiot."), reading("Thanks, that helps.", parent="Try this.")]
    stated = open_model(str(pair)).config["calibration"]
    raw = [open_scorer(open_model(str(part))).raw(readings) for part in parts]
    expected = [
        sigmoid(
            stated[tone]["linear"] * raw[0][:, column]
            + stated[tone]["encoder"] * raw[1][:, column]
            + stated[tone]["intercept"]
        )
        for column, tone in enumerate(TONES)
    ]
    found = open_scorer(open_model(str(pair))).judge(readings).probabilities
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-12)


def test_a_score_does_not_depend_on_the_batch(pair):
    scorer = open_scorer(open_model(str(pair)))
    readings = [reading(text) for text in ("You idiot!", "Read it.", "", "Thanks " * 200)]
    together = scorer.judge(readings).probabilities
    assert [scorer.judge([one]).probabilities[0].tolist() for one in readings] == together.tolist()


def test_a_pair_judges_and_points_at_words(pair):
    kind, rude = tonecheck.load(str(pair)).check_many(["Thanks, that helps.", "You are an idiot."])
    assert rude.model == "both@1.0.0"
    assert rude.tones[Tone.HOSTILITY].probability > kind.tones[Tone.HOSTILITY].probability


def test_what_speaks_against_a_tone_is_not_turned_round():
    random = np.random.default_rng(2)
    answers = random.random((400, 3)) < 0.4
    good = answers * 3.0 + random.normal(size=(400, 3))
    against = random.normal(size=(400, 3)) - answers
    weights = weigh(np.stack([against, good], axis=-1), answers)
    assert weights[:, 0].tolist() == [0.0, 0.0, 0.0]


def test_the_better_part_counts_more():
    random = np.random.default_rng(1)
    answers = random.random((400, 3)) < 0.4
    good = answers * 3.0 + random.normal(size=(400, 3))
    poor = answers * 0.5 + random.normal(size=(400, 3))
    weights = weigh(np.stack([poor, good], axis=-1), answers)
    assert weights.shape == (3, 2)
    assert (weights[:, 1] > 2 * abs(weights[:, 0])).all()


def test_another_part_is_refused(pair, parts, tmp_path, write_encoder):
    path = copied(pair, parts, tmp_path)
    shutil.rmtree(tmp_path / "deep")
    write_encoder(tmp_path / "deep", config={"name": "other"})
    with pytest.raises(
        ModelIntegrityError,
        match=r"deep \(other@0\.0\.1\) is not the encoder that both@1\.0\.0 was made with\. Inst",
    ):
        tonecheck.load(str(path))


def test_a_missing_part_is_refused(pair, parts, tmp_path):
    path = copied(pair, parts, tmp_path)
    shutil.rmtree(tmp_path / "straight")
    with pytest.raises(ModelError, match=r"there is no model '.*straight'\. Shipped models: "):
        tonecheck.load(str(path))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "parts",
            None,
            r"must name its parts, a linear and an encoder: folders beside its own\. Train",
        ),
        ("parts", {"linear": {}}, r"must name its parts, a linear and an encoder: folders"),
        (
            "parts",
            {"linear": {}, "encoder": 3},
            r"must name its parts, a linear and an encoder: fo",
        ),
        ("calibration", {}, r"must give calibration linear, encoder, intercept for each tone \(K"),
    ],
)
def test_a_pair_without_parts_or_weights_is_refused(pair, parts, tmp_path, key, value, message):
    path = copied(pair, parts, tmp_path)
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    save_model(path, {**config, key: value}, card="")
    with pytest.raises(ModelFormatError, match=message):
        tonecheck.load(str(path))


def test_a_part_cannot_lead_elsewhere(pair, parts, tmp_path):
    path = copied(pair, parts, tmp_path / "inner")
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    config["parts"]["linear"]["name"] = "../straight"
    shutil.copytree(parts[0], tmp_path / "straight")
    save_model(path, config, card="")
    with pytest.raises(
        ModelFormatError, match="must name its parts, a linear and an encoder: folders beside"
    ):
        tonecheck.load(str(path))


def test_parts_that_do_not_fit_are_refused(recipe, parts, tmp_path, write_encoder):
    linear, encoder = parts
    with pytest.raises(InputError, match="a linear model and an encoder, got linear"):
        train_pair(recipe, [linear, linear])
    with pytest.raises(InputError, match=r"does not lie beside .*elsewhere, where the pair would"):
        train_pair(replace(recipe, out=tmp_path / "elsewhere"), parts)
    with pytest.raises(InputError, match=r"tiny@0\.0\.1 was trained with seed 3 and licence unst"):
        train_pair(replace(recipe, seed=4), [linear, encoder])
