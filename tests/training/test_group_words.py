"""Words that name groups, which an encoder reads as one word."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import tokenizers  # noqa: E402

from tonecheck.labels import TONES  # noqa: E402
from tonecheck.modelstore import open_model, shipped_root  # noqa: E402
from tonecheck.scorers.encoder import EncoderScorer  # noqa: E402
from tonecheck.scorers.windows import Windows  # noqa: E402
from tonecheck.training.encoder_recipe import marked_tokenizer  # noqa: E402
from tonecheck.training.examples import Example  # noqa: E402
from tonecheck.training.group_words import read_alike  # noqa: E402
from tonecheck.training.mixture import read_example  # noqa: E402
from tonecheck.training.multitask import ToneEncoder, predict  # noqa: E402

KNOWN = "The old and the young teacher, the sikh and the kind one, ask a blind student."
SENTENCES = [
    "The {} student shared her notes.",
    "Ask the {} teacher, or shut up!",
    "{} and proud of it, thanks to this group.",
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory, bert_of):
    """Makes an encoder that knows a few groups, always the same one, and its tokenizer."""
    folder = tmp_path_factory.mktemp("bert")
    bert_of(folder, [KNOWN, *SENTENCES], seed=3)

    def make():
        tokenizer = marked_tokenizer(folder)
        torch.manual_seed(4)
        return ToneEncoder(folder, {}, vocabulary=len(tokenizer)), tokenizer

    return make


def _readings(word):
    return [
        read_example(Example(text=text.format(word), targets={}, group="", source=""))
        for text in SENTENCES
    ]


def _says(model, tokenizer, word):
    readings = _readings(word)
    return predict(model, Windows(tokenizer.backend_tokenizer).cut(readings), len(readings))


def _changed(model, tokenizer):
    """Return which groups are read alike, and the pieces whose embeddings that changed."""
    weights = model.model.get_input_embeddings().weight
    before = weights.detach().clone()
    groups = read_alike(model, tokenizer)
    return groups, {
        *tokenizer.convert_ids_to_tokens((weights != before).any(dim=1).nonzero().flatten())
    }


def test_the_words_cannot_be_told_apart(encoder):
    model, tokenizer = encoder()
    assert not np.allclose(_says(model, tokenizer, "old"), _says(model, tokenizer, "blind"))
    assert read_alike(model, tokenizer) == ["Sikh", "blind", "old", "young"]
    for word in ("old", "young", "Sikh"):
        assert np.array_equal(_says(model, tokenizer, word), _says(model, tokenizer, "blind"))


def test_other_words_and_what_is_unknown_stay_as_they_were(encoder):
    model, tokenizer = encoder()
    assert _changed(model, tokenizer)[1] == {"sikh", "blind", "old", "young"}


def test_a_vocabulary_with_no_such_word_is_left_alone(tiny_bert):
    tokenizer = marked_tokenizer(tiny_bert.folder)
    model = ToneEncoder(tiny_bert.folder, {}, vocabulary=len(tokenizer))
    before = {name: part.clone() for name, part in model.state_dict().items()}
    assert read_alike(model, tokenizer) == []
    assert all(torch.equal(part, before[name]) for name, part in model.state_dict().items())


def test_a_piece_that_ends_other_words_stays_as_it_was(tmp_path):
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    merges = [("o", "l"), ("ol", "d"), ("Ġ", "old"), ("g", "a"), ("ga", "y"), ("Ġ", "gay")]
    known = ["[PAD]", "[UNK]", *letters, *("".join(pair) for pair in merges)]
    places = {piece: place for place, piece in enumerate(known)}
    cuts = tokenizers.Tokenizer(tokenizers.models.BPE(places, merges, unk_token="[UNK]"))
    cuts.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    cuts.decoder = tokenizers.decoders.ByteLevel()
    # Nothing says here which piece is the one for what is unknown.
    transformers.PreTrainedTokenizerFast(tokenizer_object=cuts).save_pretrained(tmp_path)
    config = transformers.RobertaConfig(
        vocab_size=len(known), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=256,
    )  # fmt: skip
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    tokenizer = marked_tokenizer(tmp_path)
    model = ToneEncoder(tmp_path, {}, vocabulary=len(tokenizer))
    assert _changed(model, tokenizer) == (["gay", "old"], {"Ġgay", "Ġold"})


def test_the_encoder_that_ships_reads_them_alike():
    folder = open_model(str(shipped_root() / "encoder-en"))
    scorer = EncoderScorer.from_folder(folder)
    alike = folder.config["read_alike"]
    assert {"gay", "Muslim", "blind", "old", "Black", "female"} <= set(alike)
    said = np.array([scorer.raw(_readings(word)) for word in alike if word != "LGBT"])
    assert said.shape == (len(alike) - 1, len(SENTENCES), len(TONES))
    assert np.array_equal(said, np.broadcast_to(said[:1], said.shape))
    for other in ("LGBT", "Jews", "deaf"):  # in capitals, a plural, of several pieces
        assert not np.allclose(scorer.raw(_readings(other)), said[0])
