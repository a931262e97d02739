import json
from pathlib import Path

import pytest

import tonecheck
from tonecheck.labels import TONES, Tone
from tonecheck.modelstore import open_model

OURS = Path(__file__).parents[2] / "data" / "learning"


@pytest.fixture(scope="module")
def corpora(part_of_ours):
    return part_of_ours(train=300, dev=120)


def test_a_model_is_trained_measured_used_and_named(invoke, corpora, tmp_path, monkeypatch):
    monkeypatch.setattr("tonecheck.training.linear_recipe.FOLDS", 2)
    # Named like the shipped model, which must not be mistaken for it.
    done = invoke("train", "--corpora", corpora, "--out", "linear-en", "--version", "7.0.0")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("linear-en: linear-en@7.0.0, card in ")
    assert "… final fit" in done.stderr
    folder = open_model(str(tmp_path / "linear-en"))
    card = (tmp_path / "linear-en" / "README.md").read_text(encoding="utf-8")
    assert "| tonecheck_learning_train | 300 | 1.0 | open |" in card
    assert "A person decides" in card or "a person decides" in card
    measured = invoke(
        "evaluate", "--corpora", corpora, "--on", "tonecheck_learning_dev",
        "--model", "./linear-en", "--json",
    )  # fmt: skip
    report = json.loads(measured.stdout)
    assert report["model"] == "linear-en@7.0.0"
    figures = report["corpora"]["tonecheck_learning_dev"]
    assert set(figures) == set(TONES)
    for tone in TONES:
        assert figures[tone]["replies"] == 120
        # What the card states is what people measure.
        assert figures[tone]["auc"]["value"] == folder.config["card"][tone]["auc"]["value"]
        assert figures[tone]["auc"]["value"] > 0.55
    verdict = json.loads(invoke("check", "hello", "--json", "--model", "./linear-en").stdout)
    assert verdict["model"] == "linear-en@7.0.0"


@pytest.mark.slow
def test_what_people_decided_in_the_service_changes_what_a_new_model_says(
    invoke, corpora, tmp_path, monkeypatch
):
    pytest.importorskip("sqlalchemy", reason="pip install tonecheck[service]")
    from tonecheck.service.records import NewDecision, NewReply, Status
    from tonecheck.service.store import Store, connect

    monkeypatch.setattr("tonecheck.training.linear_recipe.FOLDS", 2)
    database = f"sqlite:///{tmp_path / 'kept.sqlite'}"
    store = Store(connect(database), keep_text=True)
    store.create()
    verdict = tonecheck.load("linear-en").check("What a flumpish answer.")
    for number in range(40):
        text = f"What a flumpish answer to question {number}."
        named = NewReply(source="native", external_id=str(number), verdict=verdict, text=text)
        said = NewDecision(
            status=Status.DISAGREED, by="anna", source="review", labels={Tone.HOSTILITY: 1.0}
        )
        store.decide(store.record(named), said)
    store.engine.dispose()
    own = tmp_path / "own"
    own.mkdir()
    file = own / "tonecheck_feedback_train.jsonl"
    exported = invoke("feedback", "export", file, "--database", database)
    assert exported.stdout.startswith("40 examples in ")

    done = invoke("train", "--corpora", corpora, "--corpora", own, "--out", "taught")

    assert done.exit_code == 0, done.stderr
    taught = tonecheck.load(str(tmp_path / "taught"))
    decided, made_up = (
        taught.check(f"That was a {word} answer.").tones[Tone.HOSTILITY].probability
        for word in ("flumpish", "grumpish")
    )
    card = (tmp_path / "taught" / "README.md").read_text(encoding="utf-8")
    assert decided > made_up + 0.05
    assert "| tonecheck_feedback_train | 40 |" in card


@pytest.fixture
def bert(tmp_path):
    """The folder of a BERT of random weights, of one layer."""
    torch, transformers = map(pytest.importorskip, ("torch", "transformers"))
    pytest.importorskip("onnxscript", reason="pip install tonecheck[train]")
    from tonecheck.training.vocabulary import SPECIAL, learn_vocabulary

    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
    reader = transformers.PreTrainedTokenizerFast(
        tokenizer_object=learn_vocabulary(["You are a fool.", "Read the notes, please."], size=200),
        **{f"{key}_token": name for key, name in names.items()},
    )
    torch.manual_seed(2)
    config = transformers.BertConfig(
        vocab_size=len(reader), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=192, initializer_range=0.2,
    )  # fmt: skip
    reader.save_pretrained(tmp_path / "bert")
    transformers.BertModel(config).save_pretrained(tmp_path / "bert")
    return "./bert"


def test_a_checkpoint_of_one_s_own_becomes_a_model_that_answers(invoke, corpora, bert, tmp_path):
    done = invoke(
        "train", "--recipe", "huggingface", "--base", bert, "--corpora", corpora, "--out", "own",
        "--rounds", "1", "--teachers", "1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("own: own@1.0.0, card in ")
    assert "… round 1 of 1: loss " in done.stderr
    config = open_model(str(tmp_path / "own")).config
    assert (config["base"], config["architecture"], config["teachers"]) == ("bert", "bert", 1)
    checker = tonecheck.load(str(tmp_path / "own"))
    assert checker.model == "own@1.0.0"
    rude, kind = (
        checker.check(text, parent="What does the last step mean?").tones
        for text in ("You are a fool, and you know it.", "Read the notes, please, all of them.")
    )
    assert any(rude[tone].probability != kind[tone].probability for tone in TONES)


def test_a_measurement_is_shown_as_a_table(invoke):
    done = invoke("evaluate", "--corpora", OURS, "--on", "tonecheck_learning_dev")
    assert done.exit_code == 0
    assert "pair-en@" in done.stdout
    assert all(str(tone)[:8] in done.stdout for tone in TONES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--recipe", "magic"), "there is no recipe 'magic'. Choose from: linear, encoder, pair, "),
        (("--recipe", "huggingface"), "--base names the checkpoint of --recipe huggingface, and "),
        (("--base", "somewhere"), "--base names the checkpoint of --recipe huggingface, and goes "),
        (("--rounds", "3"), "--rounds, --teachers, --teachers-from, --teacher-rounds and --work"),
        (("--work", "kept"), "--rounds, --teachers, --teachers-from, --teacher-rounds and --work"),
        (("--recipe", "huggingface", "--base", "./mispelt"), "there is no folder ./mispelt. Give"),
        (("--recipe", "pair"), "--part names a model of --recipe pair, and goes with it alone. "),
        (("--part", "m"), "--part names a model of --recipe pair, and goes with it alone. Give it"),
        (("--licence", "nc"), "cannot train on licence tier 'nc'. Choose from: open, unstated."),
        (("--corpora", "."), "none of the folders holds tonecheck_replies_train or"),
    ],
)
def test_what_cannot_be_trained_is_refused(invoke, arguments, message):
    extra = () if "--corpora" in arguments else ("--corpora", OURS)
    done = invoke("train", *extra, "--out", "m", "--quiet", *arguments)
    assert done.exit_code == 2
    assert f"error: {message}" in done.stderr


def test_an_unknown_corpus_is_refused(invoke):
    done = invoke("evaluate", "--corpora", OURS, "--on", "everything")
    assert done.exit_code == 2
    assert "error: there is no corpus named 'everything'. Choose from: " in done.stderr
