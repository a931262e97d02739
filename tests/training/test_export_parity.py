"""An encoder says the same in torch, as a graph, and as a checkpoint for Hugging Face.

The graphs are run by the product's own scorer, and the checkpoint as people load it who have no
code of ours. A tiny encoder learns here until its replies lie far apart; then comes the one that
ships.
"""

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnxscript")

from tokenizers import Tokenizer  # noqa: E402

from tonecheck.labels import TONES  # noqa: E402
from tonecheck.modelstore import open_model, shipped_root  # noqa: E402
from tonecheck.scorers.encoder import EncoderScorer  # noqa: E402
from tonecheck.scorers.graph import Graph  # noqa: E402
from tonecheck.scorers.logistic import calibrated, read_slopes  # noqa: E402
from tonecheck.scorers.windows import Window, Windows  # noqa: E402
from tonecheck.training import multitask  # noqa: E402
from tonecheck.training.encoder_recipe import as_json, marked_tokenizer  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.finetune import Finetuning, finetune  # noqa: E402
from tonecheck.training.graph_export import save_checkpoint  # noqa: E402
from tonecheck.training.mixture import Mixture, Pool, read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402
from tonecheck.training.smoothing import smoothed  # noqa: E402

HOSTILE, HUSTLING, DISMISSIVE = TONES
TAUGHT = [
    ("You are a fool.", "Is the second proof right?", HOSTILE),
    ("STOP it, you fool.", "Where are the notes?", HOSTILE),
    ("What a stupid question.", "Why does the series converge?", HOSTILE),
    ("Buy my course now.", "Any tips for the exam?", HUSTLING),
    ("Buy it today or stay behind.", "Where are the notes?", HUSTLING),
    ("Do it now, only today.", "When did the group meet?", HUSTLING),
    ("Whatever, not my problem.", "Could you help me with step two?", DISMISSIVE),
    ("Just google it.", "How do I install the package?", DISMISSIVE),
    ("Everyone knows this.", "What does the last step mean?", DISMISSIVE),
    ("Thank you, that helped!", "Read page nine.", None),
    ("Read the second page.", "Where is the proof?", None),
    ("The sign in line three is wrong.", "Here is my answer.", None),
]
FAR = 0.05  # weights of eight bits may move log-odds so far on average; about 0.014 in fact


def reading(text, parent):
    return read_example(Example(text=text, parent=parent, targets={}, group="g", source="s"))


SHORT = [reading(text, parent) for text, parent, _ in TAUGHT]
LONG = reading("Read the second page, you fool. " * 40, "Where are the notes?")
READINGS = [*SHORT, LONG]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A tiny encoder and what became of it.

    Attributes:
        base: The checkpoint that it began as.
        model: The encoder.
        windows: Cuts for it.
        graphs: Its graphs: plain, and with weights of eight bits.
        checkpoint: The folder of its checkpoint.
    """

    base: str
    model: ToneEncoder
    windows: Windows
    graphs: Mapping[str, Graph]
    checkpoint: str

    def raw(self, model=None, change: Callable[[Window], Window] = lambda window: window):
        """Return what a model says in torch, in full precision; the encoder if none is given."""
        cut = [change(window) for window in self.windows.cut(READINGS)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(multitask.torch, "autocast", lambda *_, **__: nullcontext())
            return predict(model or self.model, cut, len(READINGS))


@pytest.fixture(scope="module")
def base(tmp_path_factory, bert_of):
    folder = tmp_path_factory.mktemp("base")
    texts = [part for text, parent, _ in TAUGHT for part in (text, parent)]
    bert_of(folder, texts, seed=4)
    return folder


@pytest.fixture(scope="module")
def made(base, both_graphs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    tokenizer = marked_tokenizer(base)
    windows = Windows(Tokenizer.from_str(as_json(tokenizer)))
    examples = [
        Example(
            text=text, parent=parent, group=text, source="s",
            targets={one: float(one is tone) for one in TONES},
        )
        for text, parent, tone in TAUGHT
    ]  # fmt: skip
    rounds = iter(range(1000))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = finetune(
        base,
        Mixture([Pool(examples=examples, drawn=12, weight=1.0)], windows, names={}, alone=0.0),
        settings=Finetuning(rounds=40, rate=5e-3, averaged=0.8),
        vocabulary=len(tokenizer),
        score=lambda _: next(rounds),  # the last round is the best
        say=lambda line: None,
    )
    model.model.to(torch.bfloat16).float()  # as the checkpoint keeps it
    both_graphs(smoothed(model, windows.cut(READINGS)), folder)
    graphs = {
        name: Graph.from_file(folder / f"{name}.onnx", windows=windows)
        for name in ("plain", "small")
    }
    save_checkpoint(model, tokenizer, folder / "checkpoint")
    torch.set_num_threads(threads)
    return Made(
        base=base, model=model, windows=windows, graphs=graphs, checkpoint=folder / "checkpoint"
    )


@pytest.fixture(scope="module")
def raw(made):
    return made.raw()


def load(folder, **options):
    """Return the tokenizer and the model of a checkpoint, as people load them."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, **options)
    return transformers.AutoTokenizer.from_pretrained(folder), model.eval()


def said_by_graph(made, name):
    flat = np.array([[1.0, 0.0]] * len(TONES))
    return EncoderScorer(made.windows, made.graphs[name], calibration=flat).raw(READINGS)


def test_the_encoder_has_learned_and_its_replies_lie_far_apart(made, raw):
    answers = np.array([[one is tone for one in TONES] for *_, tone in TAUGHT])
    assert ((raw[: len(SHORT)] > 0) == answers).all()
    assert (raw.std(axis=0) > 1.0).all()
    assert len(made.windows.cut([LONG])) > 2


def test_the_plain_graph_says_what_the_encoder_says(made, raw):
    assert said_by_graph(made, "plain") == pytest.approx(raw, abs=1e-3)


@torch.no_grad()
def test_the_graph_knows_each_word_s_evidence_and_the_mean_state(made):
    for window in made.windows.cut(READINGS):
        inputs = (torch.from_numpy(part[None]) for part in (window.tokens, window.types))
        tokens, types = inputs
        _, evidence, states = made.model.eval()(tokens, torch.ones_like(tokens), types)
        seen = made.graphs["plain"].run(window)
        assert evidence.std() > 0.1
        assert seen.evidence == pytest.approx(evidence[0].numpy(), abs=1e-3)
        assert seen.state == pytest.approx(states[0].mean(0).numpy(), abs=1e-3)


def test_weights_of_eight_bits_say_about_the_same(made, raw):
    gaps = np.abs(said_by_graph(made, "small") - raw)
    assert 0 < gaps.mean() < FAR
    assert gaps.max() < 6 * FAR


def test_the_checkpoint_says_what_the_encoder_says(made, raw, said_by):
    said = said_by(*load(made.checkpoint, dtype=torch.float32), SHORT)
    assert said == pytest.approx(raw[: len(SHORT)], abs=1e-3)


def test_the_checkpoint_says_about_the_same_in_half_precision(made, raw, said_by):
    tokenizer, model = load(made.checkpoint)
    assert model.dtype == torch.bfloat16
    gaps = np.abs(said_by(tokenizer, model, SHORT) - raw[: len(SHORT)])
    assert 0 < gaps.mean() < FAR / 2


def test_saving_a_checkpoint_leaves_the_encoder_as_it_is(made, tmp_path):
    model = copy.deepcopy(made.model)
    with torch.no_grad():
        model.model.classifier.bias.add_(1e-5)  # half precision has no such number
    before = {name: part.clone() for name, part in model.state_dict().items()}
    save_checkpoint(model, marked_tokenizer(made.base), tmp_path)
    assert all(torch.equal(part, before[name]) for name, part in model.state_dict().items())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda made, raw: made.raw(ToneEncoder(made.base, {}, vocabulary=made.windows.vocabulary)),
        lambda made, raw: made.raw(change=lambda w: replace(w, types=1 - w.types)),
        lambda made, raw: made.raw(change=lambda w: replace(w, types=0 * w.types)),
        lambda made, raw: raw[:, [1, 0, 2]],
        lambda made, raw: np.roll(raw, 1, axis=1),
    ],
    ids=["untrained", "token types swapped", "without token types", "two tones swapped", "in turn"],
)
def test_a_wrong_export_would_say_something_far_off(made, raw, wrong):
    assert np.abs(wrong(made, raw) - raw).mean() > 4 * FAR


# The encoder that ships.

ANSWERS = [
    "You are a fool and nobody here likes you.",
    "Thank you, that helped me a lot!",
    "Just google it.",
    "Buy my course now or you will regret it.",
    "Whatever, not my problem.",
    "I think the sign in line three is wrong.",
    "What a stupid question, as always from you.",
    "STOP wasting our time with this.",
    "We met on Monday and went through the notes.",
    "Sign up today, only three places are left.",
]
ASKED = [
    "How do I install the package?",
    "Is my answer to question four right?",
    "You are wrong again, as everyone can see.",
    "Read page nine before you ask.",
]
ASKED_AND_ANSWERED = [reading(text, parent) for parent in ASKED for text in ANSWERS]
HUGGINGFACE = shipped_root() / "encoder-en" / "huggingface"


def test_the_shipped_checkpoint_says_what_the_shipped_graph_says(said_by):
    folder = open_model("encoder-en")
    raw = EncoderScorer.from_folder(folder).raw(ASKED_AND_ANSWERED)
    tokenizer, model = load(HUGGINGFACE)
    said = said_by(tokenizer, model, ASKED_AND_ANSWERED)
    assert list(model.config.id2label.values()) == folder.config["tones"]
    slopes = read_slopes(folder)
    probabilities = calibrated(raw, slopes)
    assert (probabilities.std(axis=0) > 0.1).all()
    gaps = np.abs(calibrated(said, slopes) - probabilities)
    assert len(gaps) == 40
    assert gaps.mean() < folder.config["quantisation"]["mean"]
    # Of so few replies, one in a hundred is the one that moves most: it may lie beyond.
    assert np.quantile(gaps, 0.95) < folder.config["quantisation"]["p99"]
    assert gaps.max() < folder.config["quantisation"]["largest"]
    for column in range(len(TONES)):
        assert np.corrcoef(said[:, column], raw[:, column])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("name", "places", "typed"),
    [
        ("encoder-en/huggingface", 256, True),
        ("shrunk-en", 256, True),
        ("pretrained-en", 512, False),
    ],
)
@torch.no_grad()
def test_a_text_longer_than_a_shipped_checkpoint_reads_is_cut_to_fit(name, places, typed):
    folder = shipped_root() / name
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    assert tokenizer.model_max_length == model.config.max_position_embeddings == places
    inputs = tokenizer("read it " * 900, "why? " * 900, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape == (1, places)
    assert torch.isfinite(model(**inputs).last_hidden_state).all()
    assert ("token_type_ids" in inputs) == typed
    assert not typed or inputs["token_type_ids"].float().mean() == pytest.approx(0.5, abs=0.01)
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert not {"is_local", "local_files_only"} & set(settings)


@torch.no_grad()
def test_the_shipped_checkpoint_judges_a_text_that_is_cut_to_fit():
    tokenizer, model = load(HUGGINGFACE)
    calm, rude = (
        tokenizer(text + " The notes are on page nine." * 200, truncation=True, return_tensors="pt")
        for text in ("Thank you.", "You are a fool, shut up.")
    )
    said = [model(**inputs).logits[0, 0].item() for inputs in (calm, rude)]
    assert said[1] > said[0] + 0.5
