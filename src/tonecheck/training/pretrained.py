"""The folder of a pre-trained encoder: a Hugging Face checkpoint, and what is needed to go on.

`AutoModel` and `AutoTokenizer` load it. Beside the checkpoint lie the generator and the heads of
pre-training, so that a later run can train on from there.
"""

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

from tonecheck.training.electra import Electra

if TYPE_CHECKING:
    from transformers import TokenizersBackend

HELPERS = "generator.safetensors"
_ENCODER = "encoder."
_SETTINGS = "tokenizer_config.json"
_OF_LOADING = ("is_local", "local_files_only")  # how it was loaded here says nothing elsewhere


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
    save_tokenizer(Tokenizer.from_file(str(vocabulary)), out, model=encoder)


def save_tokenizer(tokenizer: Tokenizer, out: Path, *, model: nn.Module) -> None:
    """Write a tokenizer with our special pieces so that `AutoTokenizer` loads it.

    Args:
        tokenizer: The tokenizer.
        out: The folder.
        model: The model beside it; see `save_reader`.
    """
    import transformers

    fast: Any = transformers.PreTrainedTokenizerFast
    reader = fast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    save_reader(reader, out, model=model)


def save_reader(reader: "TokenizersBackend", out: Path, *, model: nn.Module) -> None:
    """Write a Hugging Face tokenizer that gives what the model beside it takes.

    That is no more tokens than the model has places for, and token types where it knows them:
    without them it reads what is answered as a part of the reply.

    Args:
        reader: The tokenizer.
        out: The folder.
        model: The model, of transformers.
    """
    reader.save_pretrained(out)
    path = out / _SETTINGS
    settings = json.loads(path.read_text(encoding="utf-8"))
    for name in _OF_LOADING:
        settings.pop(name, None)
    if (places := _places(model)) is not None:
        settings["model_max_length"] = places
    types = ["token_type_ids"] if knows_token_types(model) else []
    settings["model_input_names"] = ["input_ids", *types, "attention_mask"]
    text = json.dumps(settings, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")


def knows_token_types(model: nn.Module) -> bool:
    """Return whether a model of transformers tells a reply from its parent by token types."""
    takes = inspect.signature(model.forward).parameters
    return "token_type_ids" in takes and getattr(model.config, "type_vocab_size", 0) > 1


def _places(model: nn.Module) -> int | None:
    """Return how many tokens a model reads at most; None where it does not say."""
    for name, table in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(table, nn.Embedding):
            # RoBERTa and its kin count places from the one after the padding's.
            first = 0 if table.padding_idx is None else table.padding_idx + 1
            return table.num_embeddings - first
    return places_said(model.config)


def places_said(config: object) -> int | None:
    """Return how many tokens a model's configuration says that it reads; None where it does not."""
    said = getattr(config, "max_position_embeddings", None)
    return said if isinstance(said, int) and said > 0 else None


def start_from(folder: Path, model: Electra) -> None:
    """Load the weights that `save_pretrained` wrote into a model of the same shape.

    Raises:
        RuntimeError: If the shapes differ; the message names the tensors.
    """
    weights = {
        _ENCODER + name: tensor for name, tensor in load_file(folder / "model.safetensors").items()
    }
    model.load_state_dict({**weights, **load_file(folder / HELPERS)})
