import json
from dataclasses import replace
from itertools import count

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tokenizers import Tokenizer  # noqa: E402

from tonecheck.errors import InputError  # noqa: E402
from tonecheck.scorers.render import MARKS  # noqa: E402
from tonecheck.training import shrink as module  # noqa: E402
from tonecheck.training.packing import pack  # noqa: E402
from tonecheck.training.shrink import (  # noqa: E402
    Shrinking,
    kept_pieces,
    learn_states,
    save_small,
    shrink,
    with_pieces,
)
from tonecheck.training.vocabulary import FACES, SPECIAL  # noqa: E402

TEXTS = [
    "Could you show the step where the sign changes?",
    "Read the notes, they show the step with the sign.",
    "The notes change the sign in the second step.",
]
SMALL = Shrinking(pieces=130, layers=2, positions=40, minutes=1, batch_tokens=256, rate=1e-2)


@pytest.fixture(scope="module")
def tokenizer(pieces_of):
    """As large encoders have it: its special pieces stand anywhere, and it knows no marks."""
    learnt = pieces_of(TEXTS)
    pieces = [
        piece
        for piece, _ in sorted(learnt.get_vocab().items(), key=lambda item: item[1])
        if piece not in {*MARKS, *FACES, *SPECIAL}
    ]
    state = json.loads(learnt.to_str())
    order = [SPECIAL[0], "[unused]", *SPECIAL[1:], *pieces]
    state["model"]["vocab"] = {piece: place for place, piece in enumerate(order)}
    state["added_tokens"], state["post_processor"] = [], None
    return Tokenizer.from_str(json.dumps(state))


@pytest.fixture
def large(tokenizer):
    torch.manual_seed(2)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=4,
        num_attention_heads=2, intermediate_size=48, max_position_embeddings=64,
    )  # fmt: skip
    return transformers.BertModel(config)


@pytest.fixture
def pieces(tokenizer):
    return kept_pieces(tokenizer, TEXTS, size=SMALL.pieces)


def numbers(tokenizer, pieces):
    unknown = tokenizer.token_to_id("[UNK]")
    return [tokenizer.get_vocab().get(piece, unknown) for piece in pieces]


def test_special_pieces_come_first_then_marks_and_faces_then_letters_and_words(pieces):
    assert pieces[: len(SPECIAL)] == list(SPECIAL)
    assert set(MARKS) | set(FACES) < set(pieces)
    assert len(pieces) == len(set(pieces)) <= SMALL.pieces
    assert {"the", "step"} < set(pieces)


def test_the_most_frequent_words_are_kept_when_there_is_no_room(tokenizer):
    texts = ["the the the notes"]
    whole = kept_pieces(tokenizer, texts, size=1000)
    assert whole.index("t") < whole.index("the") < whole.index("notes")
    assert kept_pieces(tokenizer, texts, size=whole.index("the") + 1) == whole[:-1]


def test_words_without_a_piece_of_their_own_are_split_into_kept_ones(tokenizer, pieces):
    without = [piece for piece in pieces if piece != "step"]
    small = with_pieces(tokenizer, without)
    found = small.encode("the step", add_special_tokens=False).tokens
    assert found[0] == "the"
    assert "".join(piece.removeprefix("##") for piece in found[1:]) == "step"
    assert set(found) <= set(without)


def test_a_pair_has_two_types_and_the_marks_are_known(tokenizer, pieces):
    encoding = with_pieces(tokenizer, pieces).encode(f"{MARKS[0]} the step", "the notes")
    assert MARKS[0] in encoding.tokens
    assert encoding.type_ids == sorted(encoding.type_ids)
    assert (encoding.tokens[0], encoding.tokens[-1], set(encoding.type_ids)) == (
        "[CLS]", "[SEP]", {0, 1},
    )  # fmt: skip


def test_a_small_encoder_has_the_weights_of_the_large_one(large, tokenizer, pieces):
    places = numbers(tokenizer, pieces)
    small = shrink(large, places, SMALL)
    assert small.config.num_hidden_layers == 2
    words = small.embeddings.word_embeddings.weight
    the = pieces.index("the")
    assert torch.equal(words[the], large.embeddings.word_embeddings.weight[places[the]])
    assert len(small.embeddings.position_embeddings.weight) == 40
    for new, old in ((0, 0), (1, 2)):
        mine, theirs = (
            model.encoder.layer[at].output.dense.weight
            for model, at in ((small, new), (large, old))
        )
        assert torch.equal(mine, theirs)


def test_it_learns_to_think_what_the_large_one_thinks(large, tokenizer, pieces, monkeypatch):
    ticks = count()
    monkeypatch.setattr(module.time, "monotonic", lambda: next(ticks) / 2)
    monkeypatch.setattr(module, "_SAY_EVERY", 10)
    places = numbers(tokenizer, pieces)
    small = shrink(large, places, SMALL)
    pairs = list(zip(TEXTS, TEXTS[1:] + TEXTS[:1], strict=True)) * 40
    said = []
    learn_states(
        small, large, pack(pairs, with_pieces(tokenizer, pieces)), places=places, settings=SMALL,
        say=said.append,
    )  # fmt: skip
    assert said[-1]["loss"] < 0.7 * said[0]["loss"]
    assert said[0]["tokens"] == 10 * SMALL.batch_tokens


@pytest.mark.parametrize(("layers", "kind"), [(3, "bert"), (2, "distilbert")])
def test_what_cannot_be_shrunk_is_refused(large, layers, kind):
    if kind != "bert":
        large = transformers.DistilBertModel(
            transformers.DistilBertConfig(vocab_size=50, dim=32, n_layers=4, n_heads=2)
        )

    depth = 4 if kind == "bert" else large.config.num_hidden_layers
    message = f"cannot keep {layers} of {depth} layers of a {kind} encoder. Take one of the BERT"
    with pytest.raises(InputError, match=message):
        shrink(large, [0, 1], replace(SMALL, layers=layers))


def test_what_is_saved_loads_without_code_of_ours(large, tokenizer, pieces, tmp_path):
    small = shrink(large, numbers(tokenizer, pieces), SMALL)
    save_small(small, with_pieces(tokenizer, pieces), tmp_path, recipe={"minutes": 1})
    loaded = transformers.AutoModel.from_pretrained(tmp_path)
    reader = transformers.AutoTokenizer.from_pretrained(tmp_path)
    states = loaded(**reader("the step", "the notes", return_tensors="pt")).last_hidden_state
    assert states.shape == (1, 7, 32)
    assert json.loads((tmp_path / "shrinking.json").read_text()) == {"minutes": 1}
