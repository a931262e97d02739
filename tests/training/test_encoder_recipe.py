"""Training an encoder from end to end, on a tiny checkpoint of random weights made here."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnxscript")

import safetensors.torch  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

import tonecheck  # noqa: E402
from tonecheck.errors import InputError  # noqa: E402
from tonecheck.labels import TONES  # noqa: E402
from tonecheck.modelstore import GRAPH, open_model  # noqa: E402
from tonecheck.scorers.encoder import EncoderScorer  # noqa: E402
from tonecheck.scorers.graph import Graph  # noqa: E402
from tonecheck.scorers.windows import Windows  # noqa: E402
from tonecheck.training import encoder_recipe, finetune, graph_export  # noqa: E402
from tonecheck.training.encoder_data import EncoderSettings, split_data  # noqa: E402
from tonecheck.training.encoder_recipe import (  # noqa: E402
    CHECKPOINT,
    Tuner,
    as_json,
    marked_tokenizer,
    train_encoder,
)
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.graph_export import quantisation_loss  # noqa: E402
from tonecheck.training.mentions import GROUPS  # noqa: E402
from tonecheck.training.mixture import Mixture, Pool, read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402
from tonecheck.training.recipe import Recipe, read_development  # noqa: E402

PAIRS = [
    ("You are a fool and your notes are late.", "Is the second proof right?"),
    ("Thank you, that helped me a lot!", "Read page nine, it has a drawing."),
    ("Just google it.", "How do I install the package?"),
    ("STOP asking the same thing every week.", "Where are the slides?"),
    ("Buy my course today or stay behind for good.", "Any tips for the exam?"),
    ("Whatever, not my problem.", "Could you help me with step two?"),
    ("I think the sign in line three is wrong.", "Here is my answer to question four."),
    ("What a stupid question.", "Why does the second series converge?"),
    ("We met on Monday and again on Thursday.", "When did your group meet?"),
    ("Everyone knows this, so why do you not?", "What does the last step mean?"),
]
READINGS = [
    read_example(Example(text=text, parent=parent, targets={}, group="g", source="s"))
    for text, parent in PAIRS
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What was made, and what was seen on the way.

    Attributes:
        out: The model folder.
        config: What it was saved with.
        said: What was told.
        work: Where what the teachers think is kept.
        learned: The pools of each encoder that was fine-tuned.
        model: The one that ships, in torch.
        compared: What the loss of quantisation was measured on.
    """

    out: Path
    config: dict[str, Any]
    said: list[str]
    work: Path
    learned: Sequence[Sequence[Pool]]
    model: ToneEncoder
    compared: tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def trained(corpora, posts, checkpoint, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "tiny-encoder"
    work = tmp_path_factory.mktemp("kept")
    said, learned, models, compared = [], [], [], []

    class Watched(Tuner):
        def tune(self, pools, seed):
            learned.append(pools)
            models.append(super().tune(pools, seed))
            return models[-1]

    def watched_loss(*found):
        compared.extend(found)
        return quantisation_loss(*found)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder_recipe, "Tuner", Watched)
        patch.setattr(graph_export, "quantisation_loss", watched_loss)
        config = train_encoder(
            Recipe(folders=[corpora, posts], out=out, version="3.1.0", say=said.append),
            EncoderSettings(
                base=str(checkpoint),
                rounds=2,
                teachers=2,
                unlabelled=50,
                teachers_from=(str(checkpoint),),
                work=work,
            ),
        )
    torch.set_num_threads(threads)
    return Trained(
        out=out, config=config, said=said, work=work, learned=learned, model=models[-1],
        compared=tuple(compared),
    )  # fmt: skip


@pytest.fixture(scope="module")
def raw(trained):
    """What the graph that ships says of the replies, before calibration."""
    found = EncoderScorer.from_folder(open_model(str(trained.out))).raw(READINGS)
    assert (found.std(axis=0) > 0.1).all()
    return found


def test_the_model_that_is_made_judges_at_once_as_it_was_calibrated(trained, raw):
    checker = tonecheck.load(str(trained.out))
    assert checker.model == "tiny-encoder@3.1.0"
    assert open_model(str(trained.out)).config["kind"] == "encoder"
    assert trained.config["held_out"] > 20
    said = np.array(
        [
            [checker.check(text, parent=parent).tones[tone].probability for tone in TONES]
            for text, parent in PAIRS
        ]
    )
    for column, tone in enumerate(TONES):
        curve = trained.config["calibration"][tone]
        odds = np.exp(curve["slope"] * raw[:, column] + curve["intercept"])
        assert said[:, column] == pytest.approx(odds / (1 + odds), abs=1e-4)
    assert np.ptp(said, axis=0).max() > 0.05


def test_teachers_and_rounds_are_told_of(trained):
    said = trained.said
    assert any(line.startswith("teacher 2 of 2, from ") for line in said)
    assert "the encoder that ships" in said
    rounds = [
        line for line in said if re.match(r"round \d of 2: loss \d\.\d+, held-out mean", line)
    ]
    assert len(rounds) == 6


def test_the_encoder_that_ships_learns_what_its_teachers_think_on_average(trained):
    first, second = (np.load(path) for path in sorted(trained.work.glob("*.npy")))
    assert np.abs(first - second).mean() > 0.02
    *teachers, ships = trained.learned
    assert [len(pools) for pools in teachers] == [len(ships) - 1] * 2
    judged = ships[-1].examples
    targets = np.array([[example.targets[tone] for tone in TONES] for example in judged])
    assert targets == pytest.approx((first + second) / 2)
    assert trained.config["judged"] == len(judged) == 50
    assert all(example.text.startswith("Page ") for example in judged)


def test_the_card_states_what_was_measured(trained):
    out, config = trained.out, trained.config
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "A small transformer that says how likely" in card
    assert f"{config['held_out']} in number" in card
    for tone in TONES:
        assert f"{config['metrics']['tonecheck_learning_dev'][tone]['auc']['value']:.3f}" in card


@pytest.fixture(scope="module")
def loaded(trained):
    """The checkpoint inside the model, as anyone loads it."""
    folder = trained.out / CHECKPOINT
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer, transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()


def test_words_for_groups_share_one_embedding(trained):
    pieces = Tokenizer.from_file(str(trained.out / "tokenizer.json"))
    known = [group for group in GROUPS if len(pieces.encode(group, add_special_tokens=False)) == 1]
    assert trained.config["read_alike"] == known
    assert len(known) >= 2
    rows = [pieces.encode(group, add_special_tokens=False).ids[0] for group in known]
    model = transformers.AutoModel.from_pretrained(trained.out / CHECKPOINT)
    embeddings = model.get_input_embeddings().weight[rows]
    assert torch.equal(embeddings, embeddings[:1].expand_as(embeddings))
    card = (trained.out / "README.md").read_text(encoding="utf-8")
    assert f"The words that name {len(known)} groups" in card


@torch.no_grad()
def test_the_checkpoint_says_without_code_of_ours_what_the_graph_says(
    trained, loaded, raw, said_by
):
    tokenizer, model = loaded
    assert list(model.config.id2label.values()) == [str(tone) for tone in TONES]
    said = said_by(tokenizer, model, READINGS)
    assert np.abs(said - raw).mean() < 0.05
    for column in range(len(TONES)):
        assert np.corrcoef(said[:, column], raw[:, column])[0, 1] > 0.97
    windows = Windows(Tokenizer.from_str(as_json(marked_tokenizer(trained.out / CHECKPOINT))))
    taught = predict(trained.model, windows.cut(READINGS), len(PAIRS))
    assert np.abs(taught - said).mean() < 0.05


def test_a_text_longer_than_the_checkpoint_reads_is_cut_to_fit(trained, loaded):
    tokenizer, model = loaded
    inputs = tokenizer("read it " * 800, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape == (1, 256)
    assert torch.isfinite(model(**inputs).logits).all()
    pair = tokenizer("read it " * 800, "why? " * 800, truncation=True, return_tensors="pt")
    assert pair["token_type_ids"].sum() > 100
    assert torch.isfinite(model(**pair).logits).all()
    settings = json.loads((trained.out / CHECKPOINT / "tokenizer_config.json").read_text())
    assert not {"is_local", "local_files_only"} & set(settings)


def test_weights_of_eight_bits_move_log_odds_but_little(trained):
    small, plain, slopes = trained.compared
    assert trained.config["quantisation"] == quantisation_loss(small, plain, slopes)
    assert len(small) == trained.config["quantisation"]["replies"] == 400
    spread = plain.std(axis=0)
    assert (spread > 0.1).all()
    assert 0 < np.abs(small - plain).mean() < 0.15 * spread.mean()
    for column, tone in enumerate(TONES):
        assert np.corrcoef(small[:, column], plain[:, column])[0, 1] > 0.98
        assert slopes[column, 0] == pytest.approx(
            trained.config["calibration"][tone]["slope"], abs=1e-6
        )


def test_each_row_of_the_embeddings_has_a_scale_of_its_own(trained):
    onnx = pytest.importorskip("onnx")
    out = trained.out
    tables = {
        table.name: onnx.numpy_helper.to_array(table)
        for table in onnx.load(out / "encoder.onnx").graph.initializer
    }
    kept = safetensors.torch.load_file(out / CHECKPOINT / "model.safetensors")[
        "bert.embeddings.word_embeddings.weight"
    ]
    rows = tables["model.model.bert.embeddings.word_embeddings.weight_rows"].astype(np.float32)
    scales = tables["model.model.bert.embeddings.word_embeddings.weight_scales"]
    assert scales.shape == (len(rows), 1)
    wide = kept.float().numpy()  # of half precision, which keeps one part in 256
    assert (np.abs(rows * scales - wide) <= 0.51 * scales + np.abs(wide) / 256).all()


def test_held_out_threads_stay_held_out_when_corpora_grow(corpora, tmp_path):
    lines = (corpora / "tonecheck_learning_train.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "tonecheck_learning_train.jsonl").write_text("\n".join(lines[:200]) + "\n")
    fewer, more = (
        split_data(Recipe(folders=[folder], out=Path("unused")), EncoderSettings(), {})[1]
        for folder in (tmp_path, corpora)
    )
    assert {e.text for e in fewer.held_out} <= {e.text for e in more.held_out}
    assert {e.text for e in fewer.taught} <= {e.text for e in more.taught}


def test_held_out_threads_teach_nothing(corpora):
    recipe = Recipe(folders=[corpora], out=Path("unused"))
    _, split = split_data(recipe, EncoderSettings(), read_development(recipe))
    groups = {example.group for example in split.held_out}
    assert groups
    assert not groups & {example.group for example in split.taught}
    assert len(split.held_out) + len(split.taught) == 400


def test_a_part_of_the_annotated_replies_leaves_the_held_out_ones(corpora):
    recipe = Recipe(folders=[corpora], out=Path("unused"))
    development = read_development(recipe)
    _, whole = split_data(recipe, EncoderSettings(), development)
    _, part = split_data(recipe, EncoderSettings(share=0.5), development)
    assert [e.text for e in part.held_out] == [e.text for e in whole.held_out]
    assert 0.3 < len(part.taught) / len(whole.taught) < 0.7


def test_the_graph_says_nothing_of_the_machine_that_made_it(trained):
    content = (trained.out / GRAPH).read_bytes()
    for trace in (b"site-packages", b"graph_export.py", str(Path.cwd()).encode()):
        assert trace not in content


def test_an_architecture_with_token_types_is_told_them(trained, checkpoint):
    assert ToneEncoder(checkpoint, {}, vocabulary=1).typed
    assert trained.config["architecture"] == "bert"
    windows = Windows(Tokenizer.from_str(as_json(marked_tokenizer(checkpoint))))
    graph = Graph.from_file(trained.out / GRAPH, windows=windows)
    for window in windows.cut(READINGS):
        assert set(window.types.tolist()) == {0, 1}
        other = replace(window, types=np.zeros_like(window.types))
        moved = np.abs(graph.run(window).logits - graph.run(other).logits)
        assert moved.max() > 1e-3  # none at all if it were not told


def test_dropout_is_on_while_it_learns(checkpoint, monkeypatch):
    modes = []

    class Watched(finetune.ToneEncoder):
        def loss(self, batch, device):
            modes.append(self.training)
            return super().loss(batch, device)

    monkeypatch.setattr(finetune, "ToneEncoder", Watched)
    tokenizer = marked_tokenizer(checkpoint)
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    example = Example(text="Read it.", targets={TONES[0]: 1.0}, group="g", source="s")
    mixture = Mixture([Pool(examples=[example], drawn=4, weight=1.0)], windows, names={})
    finetune.finetune(
        checkpoint, mixture, settings=finetune.Finetuning(rounds=2), vocabulary=len(tokenizer),
        score=lambda model: 0.5, say=lambda line: None,
    )  # fmt: skip
    assert modes == [True, True]


def test_a_larger_vocabulary_gets_new_embeddings(checkpoint):
    known = transformers.AutoConfig.from_pretrained(checkpoint).vocab_size
    model = ToneEncoder(checkpoint, {}, vocabulary=known + 9)
    assert model.model.get_input_embeddings().num_embeddings == known + 9


def test_a_checkpoint_with_too_few_places_is_refused(tmp_path):
    config = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        vocab_size=20, max_position_embeddings=128,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(
        InputError, match=r"reads 128 tokens at once, and windows have 192\. Choose"
    ):
        train_encoder(
            Recipe(folders=[tmp_path], out=tmp_path / "m"), EncoderSettings(base=str(tmp_path))
        )


def test_the_loss_of_quantisation_is_that_of_probabilities():
    small = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    plain = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    slopes = np.array([[1.0, 0.0]] * 3)
    loss = quantisation_loss(small, plain, slopes)
    assert loss["replies"] == 2
    assert loss["largest"] == pytest.approx(0.3808, abs=1e-4)
    assert loss["over_0.02"] == 0.5


def test_a_checkpoint_without_a_fast_tokenizer_is_refused(
    corpora, checkpoint, tmp_path, monkeypatch
):
    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda base: object())
    with pytest.raises(InputError, match=r"has no tokenizer\.json, which scoring needs\. Choose"):
        train_encoder(
            Recipe(folders=[corpora], out=tmp_path / "m"), EncoderSettings(base=str(checkpoint))
        )


def test_a_folder_that_holds_no_checkpoint_is_refused(corpora, tmp_path):
    with pytest.raises(InputError, match=r"finds no model that it knows in .* Give a folder with"):
        train_encoder(
            Recipe(folders=[corpora], out=tmp_path / "m"), EncoderSettings(base=str(tmp_path))
        )


def test_too_few_annotated_replies_are_refused(corpora, checkpoint, tmp_path):
    lines = (corpora / "tonecheck_learning_train.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "tonecheck_learning_train.jsonl").write_text(lines[0] + "\n", encoding="utf-8")
    recipe = Recipe(folders=[tmp_path], out=Path("unused"))
    with pytest.raises(InputError, match="1 annotated replies are too few"):
        train_encoder(recipe, EncoderSettings(base=str(checkpoint)))
