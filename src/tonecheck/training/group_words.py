"""Makes an encoder read the words that name groups of people as one and the same word.

Sentences like those of `mentions` take away most of what a model makes of a group's name, but not
all. Words that share one embedding cannot be told apart: whichever of them stands in a reply, the
model says the same (blindness to identity terms; Garg et al. 2019, arXiv 1809.10610). The price is
that it reads "old" and "white" as a group's name where no people are meant, too.
"""

from typing import TYPE_CHECKING

import torch

from tonecheck.training.mentions import GROUPS

if TYPE_CHECKING:
    from transformers import TokenizersBackend

    from tonecheck.training.multitask import ToneEncoder


def read_alike(model: "ToneEncoder", tokenizer: "TokenizersBackend") -> list[str]:
    """Give the words that name groups one embedding: the mean of those they have.

    Args:
        model: The encoder, fine-tuned; it is changed.
        tokenizer: The Hugging Face tokenizer that it was trained with.

    Returns:
        The groups that are read alike. Those whose name is several pieces keep their embeddings,
        as do plurals and, where the tokenizer tells them apart, names with no space before them.
    """
    found = {group: pieces for group in GROUPS if (pieces := _whole(group, tokenizer))}
    places = sorted(set().union(*found.values()))
    if len(places) < 2:
        return []
    embeddings = model.model.get_input_embeddings().weight
    with torch.no_grad():
        embeddings[places] = embeddings[places].mean(dim=0)
    return list(found)


def _whole(group: str, tokenizer: "TokenizersBackend") -> set[int]:
    """Return the pieces that are the group's whole name after a space, in any case.

    Without the space, byte-level vocabularies give a piece that also ends other words. What does
    not read as the name is the piece for all that is unknown.
    """
    cut = [
        tokenizer.encode(f" {name}", add_special_tokens=False)
        for name in {group, group.lower(), group.capitalize()}
    ]
    return {
        pieces[0]
        for pieces in cut
        if len(pieces) == 1 and str(tokenizer.decode(pieces)).strip().lower() == group.lower()
    }
