import numpy as np
import pytest

from tonecheck.training.packing import LENGTHS, Pack, pack
from tonecheck.training.vocabulary import CLS, PAD, SEP, SPECIAL, UNKNOWN, learn_vocabulary

WORDS = [f"word{letter}{other}" for letter in "abcdefgh" for other in "abcdefgh"]


@pytest.fixture(scope="module")
def tokenizer():
    """Knows each of `WORDS` as one token."""
    return learn_vocabulary([" ".join(WORDS)] * 3, size=900)


def said(count, *, first=0):
    return " ".join(WORDS[(first + at) % len(WORDS)] for at in range(count))


def sequences(data):
    """All sequences without padding, the short ones first."""
    return [row[row != PAD].tolist() for rows in data.rows.values() for row in rows]


def test_the_special_tokens_have_the_numbers_that_the_model_expects(tokenizer):
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == list(range(len(SPECIAL)))
    assert tokenizer.encode("worm", add_special_tokens=False).ids.count(UNKNOWN) <= 1


def test_a_pair_is_the_reply_and_then_what_it_answers(tokenizer):
    (found,) = sequences(pack([(said(3), said(2, first=9))], tokenizer))
    assert found == tokenizer.encode(said(2, first=9), said(3)).ids
    assert (found[0], found[3], found[-1]) == (CLS, SEP, SEP)


def test_a_post_that_answers_nothing_stands_alone(tokenizer):
    (found,) = sequences(pack([("", said(4))], tokenizer))
    assert found == tokenizer.encode(said(4)).ids
    assert found.count(SEP) == 1


def test_a_sequence_is_padded_to_the_next_length(tokenizer):
    data = pack([("", said(size)) for size in (30, 31, 62, 63, 126)], tokenizer)
    assert {length: len(rows) for length, rows in data.rows.items()} == {32: 1, 64: 2, 128: 2}
    for length, rows in data.rows.items():
        assert rows.shape[1] == length
        assert rows.dtype == np.uint16
    assert (data.rows[64][0] != PAD).sum() == 33
    assert data.tokens == sum(size + 2 for size in (30, 31, 62, 63, 126))


def test_only_the_end_of_a_long_parent_is_kept(tokenizer):
    (found,) = sequences(pack([(said(60), said(5))], tokenizer))
    assert len(found) == 1 + 5 + 1 + 44 + 1
    assert found[7:-1] == tokenizer.encode(said(60), add_special_tokens=False).ids[-44:]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (126, [128]),
        (126 + 30, [128]),  # what is left over is too short to teach much
        (126 + 31, [128, 33]),
        (252, [128, 128]),
        (378, [128, 128, 128]),
        (2000, [128, 128, 128]),
    ],
)
def test_a_long_post_goes_on_in_at_most_three_pieces(tokenizer, count, sizes):
    found = sequences(pack([("", said(count))], tokenizer))
    assert sorted(map(len, found), reverse=True) == sizes
    assert all((piece[0], piece[-1], piece.count(SEP)) == (CLS, SEP, 1) for piece in found)


def test_the_pieces_of_a_long_reply_are_its_words_in_order_and_only_the_first_has_the_parent(
    tokenizer,
):
    reply = said(300)
    found = sequences(pack([(said(10, first=40), reply)], tokenizer))
    ids = tokenizer.encode(reply, add_special_tokens=False).ids
    room = 128 - 2 - 11
    assert found[1][1 : room + 1] == ids[:room]  # found[0] is the shorter last piece
    assert found[1].count(SEP) == 2
    assert found[2] == [CLS, *ids[room : room + 126], SEP]
    assert found[0] == [CLS, *ids[room + 126 :], SEP]


def test_nothing_is_longer_than_the_longest_length(tokenizer):
    sizes = [0, 1, 29, 43, 44, 45, 80, 126, 127, 400]
    data = pack([(said(a), said(b)) for a in sizes for b in sizes], tokenizer)
    assert list(data.rows) == list(LENGTHS)
    assert max(map(len, sequences(data))) == LENGTHS[-1]
    assert all(row[0] == CLS for rows in data.rows.values() for row in rows)


def test_packs_are_saved_and_read_back_as_one(tokenizer, tmp_path):
    paths = [tmp_path / "a.npz", tmp_path / "b.npz"]
    parts = [pack([("", said(size))], tokenizer) for size in (5, 100)]
    for part, path in zip(parts, paths, strict=True):
        part.save(path)
    both = Pack.load(paths)
    assert sequences(both) == [*sequences(parts[0]), *sequences(parts[1])]
    assert both.tokens == parts[0].tokens + parts[1].tokens
    assert {rows.dtype for rows in both.rows.values()} == {np.dtype(np.uint16)}


def test_no_pairs_make_an_empty_pack(tokenizer):
    data = pack([], tokenizer)
    assert data.tokens == 0
    assert [rows.shape for rows in data.rows.values()] == [(0, length) for length in LENGTHS]
