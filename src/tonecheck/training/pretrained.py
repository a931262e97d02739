"""The folder of a pre-trained encoder: a Hugging Face checkpoint, and what is needed to go on.

`AutoModel` and `AutoTokenizer` load it. Beside the checkpoint lie the generator and the heads of
pre-training, so that a later run can train on from there.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from tonecheck.training.electra import Electra

HELPERS = "generator.safetensors"
_ENCODER = "encoder."


def save_pretrained(model: Electra, vocabulary: Path, out: Path) -> None:
    """Write an encoder and its helpers, in half precision, and its tokenizer.

    Args:
        model: What `electra.pretrain` returned; it is in half precision afterwards.
        vocabulary: The `tokenizer.json` that it was trained with.
        out: The folder.
    """
    model.to(torch.bfloat16)
    encoder: Any = model.encoder  # transformers leaves both untyped
    encoder.save_pretrained(out)
    save_file(
        {
            name: tensor.contiguous()
            for name, tensor in model.state_dict().items()
            if not name.startswith(_ENCODER)
        },
        out / HELPERS,
    )
    save_tokenizer(Tokenizer.from_file(str(vocabulary)), out)


def save_tokenizer(tokenizer: Tokenizer, out: Path) -> None:
    """Write a tokenizer with our special pieces so that `AutoTokenizer` loads it."""
    import transformers

    fast: Any = transformers.PreTrainedTokenizerFast
    fast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=512,
    ).save_pretrained(out)


def start_from(folder: Path, model: Electra) -> None:
    """Load the weights that `save_pretrained` wrote into a model of the same shape.

    Raises:
        RuntimeError: If the shapes differ; the message names the tensors.
    """
    weights = {
        _ENCODER + name: tensor for name, tensor in load_file(folder / "model.safetensors").items()
    }
    model.load_state_dict({**weights, **load_file(folder / HELPERS)})
