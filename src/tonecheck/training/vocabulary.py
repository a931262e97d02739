"""The encoder's word pieces: WordPiece (Schuster & Nakajima 2012; Devlin et al. 2019).

They are of small letters; `scorers.render` marks what capitals and stretching say.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tonecheck.scorers.render import MARKS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SIZE = 12_288
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, CLS, SEP, MASK = range(len(SPECIAL))

_ALPHABET = 400  # characters kept, the most frequent first; others become [UNK]
FACES = "😀😂🤣😊😉😍😎🙄😒😏😡😠🤬😢😭😅😆🤔🤡🤦🤷🙃😴💩🖕👍👎👏🙏❤🔥💯🎉✅❌"
"""Kept however rare they are: they carry tone."""


def learn_vocabulary(texts: Iterable[str], *, size: int = SIZE) -> "Tokenizer":
    """Return a tokenizer for pairs of reply and parent, learnt from texts."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from tokenizers.trainers import WordPieceTrainer

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        limit_alphabet=_ALPHABET,
        initial_alphabet=[*MARKS, *FACES],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return tokenizer
