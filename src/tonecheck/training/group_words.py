"""Makes an encoder read the words that name groups of people as one and the same word.

Sentences like those of `mentions` take away most of what a model makes of a group's name, but not
all. Words that share one embedding cannot be told apart: whichever of them stands in a reply, the
model says the same (blindness to identity terms; Garg et al. 2019, arXiv 1809.10610). The price is
that it tells "old" from "young" no longer where no people are meant either.
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
        The groups that are read alike. Those whose name is several pieces keep their embeddings:
        the pieces stand in other words as well.
    """
    found = {group: pieces for group in GROUPS if (pieces := _whole(group, tokenizer))}
    places = sorted(set().union(*found.values()))
    if len(found) < 2:
        return []
    embeddings = model.model.get_input_embeddings().weight
    with torch.no_grad():
        embeddings[places] = embeddings[places].mean(dim=0)
    return list(found)


def _whole(group: str, tokenizer: "TokenizersBackend") -> set[int]:
    """Return the pieces that are the group's whole name, in any case, at the start and within."""
    forms = {
        form for name in (group, group.lower(), group.capitalize()) for form in (name, f" {name}")
    }
    cut = [tokenizer.encode(form, add_special_tokens=False) for form in sorted(forms)]
    return {pieces[0] for pieces in cut if len(pieces) == 1} - set(tokenizer.all_special_ids)
