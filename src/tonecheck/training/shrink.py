"""A smaller encoder out of a larger one: fewer word pieces, fewer layers, the same inner states.

The small encoder keeps the pieces that forum texts use and one layer of every few, and learns on
unlabelled replies to think what the large one thinks at the same places (Sanh et al. 2019, arXiv
1910.01108; Sun et al. 2019, arXiv 1908.09355). It reads with the pieces that it kept, and so does
the large one while it teaches, so that their states stand at the same tokens.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, processors
from torch import Tensor, nn
from transformers import AutoModel

from tonecheck.errors import InputError
from tonecheck.scorers.render import MARKS
from tonecheck.training.packing import Pack, batches
from tonecheck.training.pretrained import save_tokenizer
from tonecheck.training.vocabulary import CLS, FACES, PAD, SEP, SPECIAL, UNKNOWN

_WORDS, _POSITIONS = (f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position"))
_LAYER = re.compile(r"layer\.(\d+)\.")
_BATCH = 2000
_SAY_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinking:
    """How small, and how long to learn.

    Attributes:
        pieces: How many word pieces are kept, with those that are added.
        layers: How many layers are kept, evenly from the first to the last.
        positions: How many tokens a text may have at most.
        minutes: How long to learn from the large encoder.
        rate: The highest learning rate; it rises for a twentieth of the time and then falls.
        batch_tokens: Tokens a step.
        seed: Of the order of the texts.
    """

    pieces: int = 11_000
    layers: int = 3
    positions: int = 256
    minutes: float = 30.0
    rate: float = 6e-4
    batch_tokens: int = 4096
    seed: int = 20261125


def kept_pieces(tokenizer: Tokenizer, texts: Iterable[str], *, size: int) -> list[str]:
    """Return the word pieces to keep: special ones, our marks and faces, then the most frequent.

    Pieces of one character are worth keeping before others, because every word can be spelt with
    them; those that no text uses go.

    Args:
        tokenizer: The large encoder's, of the WordPiece kind.
        texts: What the small encoder will read, or a sample.
        size: How many to keep.
    """
    counts: Counter[str] = Counter()
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            counts.update(encoding.tokens)
    letters: Counter[str] = Counter()
    for piece, count in counts.items():
        for letter in piece.removeprefix("##"):
            letters[letter] += count
    forms = [form for letter, _ in letters.most_common() for form in (letter, f"##{letter}")]
    known = tokenizer.get_vocab()
    first = [*SPECIAL, *MARKS, *FACES, *(form for form in forms if form in known)]
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    return list(dict.fromkeys([*first, *ranked]))[:size]


def with_pieces(tokenizer: Tokenizer, pieces: Sequence[str]) -> Tokenizer:
    """Return a tokenizer that splits words as another does, into some of its pieces."""
    places = {piece: place for place, piece in enumerate(pieces)}
    small = Tokenizer(models.WordPiece(places, unk_token=SPECIAL[UNKNOWN]))
    small.normalizer = tokenizer.normalizer
    small.pre_tokenizer = tokenizer.pre_tokenizer
    small.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return small


def shrink(large: nn.Module, places: Sequence[int], settings: Shrinking) -> nn.Module:
    """Return an encoder with some of the pieces, layers and positions of a large one.

    Args:
        large: An encoder of the BERT kind.
        places: For each piece, its number in the large vocabulary.
        settings: How many layers and positions to keep.

    Raises:
        InputError: If the large encoder is of another kind, or has too few layers.
    """
    config: Any = large.config
    depth = config.num_hidden_layers
    if config.model_type != "bert" or depth % settings.layers:
        raise InputError(
            f"cannot keep {settings.layers} of {depth} layers of a {config.model_type} encoder. "
            "Take one of the BERT kind, and a number that divides its layers."
        )
    step = depth // settings.layers
    untyped: Any = AutoModel
    small: nn.Module = untyped.from_config(
        type(config).from_dict(
            {
                **config.to_dict(),
                "vocab_size": len(places),
                "num_hidden_layers": settings.layers,
                "max_position_embeddings": min(settings.positions, config.max_position_embeddings),
                "pad_token_id": PAD,
            }
        ),
        attn_implementation="eager",
    )
    weights: dict[str, Tensor] = large.state_dict()

    def taken(name: str) -> Tensor:
        if name == _WORDS:
            return weights[name][list(places)]
        if name == _POSITIONS:
            return weights[name][: settings.positions]
        return weights[_LAYER.sub(lambda match: f"layer.{int(match[1]) * step}.", name)]

    small.load_state_dict({name: taken(name) for name in small.state_dict()})
    return small


def learn_states(
    small: nn.Module,
    large: nn.Module,
    data: Pack,
    *,
    places: Sequence[int],
    settings: Shrinking,
    say: Callable[[dict[str, Any]], None],
) -> None:
    """Train a small encoder until its states are near those of a large one, for a given time.

    Args:
        small: What `shrink` returned; it is changed.
        large: What teaches.
        data: Texts as numbers of the small encoder's pieces.
        places: For each piece, its number in the large vocabulary.
        settings: How long and how fast.
        say: Is told the loss every hundred steps: the mean squared distance of the states, each
            token's scaled to unit variance.
    """
    torch.manual_seed(settings.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    small.to(device).train()
    large.to(device).eval()
    numbers = torch.tensor(list(places), device=device)
    optimizer = torch.optim.AdamW(small.parameters(), lr=settings.rate, fused=True)
    begun, losses, step = time.monotonic(), [], 0
    source = batches(data, settings.batch_tokens, seed=settings.seed)
    while (progress := (time.monotonic() - begun) / (60 * settings.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * max(0.02, min(progress / 0.05, (1 - progress) / 0.95))
        tokens = torch.from_numpy(next(source).astype("int64")).to(device)
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = _distance(small, large, tokens, numbers=numbers)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(small.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        step += 1
        if step % _SAY_EVERY == 0:
            say(
                {
                    "step": step,
                    "seconds": round(time.monotonic() - begun),
                    "tokens": step * settings.batch_tokens,
                    "loss": round(sum(losses) / len(losses), 4),
                }
            )
            losses.clear()


def _distance(small: nn.Module, large: nn.Module, tokens: Tensor, *, numbers: Tensor) -> Tensor:
    """Return how far the small encoder's states lie from those of the layers it stands for."""
    mask = (tokens != PAD).long()
    seps = (tokens == SEP).long()
    types = ((seps.cumsum(1) - seps) > 0).long() * mask
    inputs = {"attention_mask": mask, "token_type_ids": types, "output_hidden_states": True}
    with torch.no_grad():
        goals = large(input_ids=numbers[tokens], **inputs).hidden_states[1:]
    states = small(input_ids=tokens, **inputs).hidden_states[1:]
    step = len(goals) // len(states)
    present = mask.bool()
    total: Tensor = torch.zeros((), device=tokens.device)
    for layer, state in enumerate(states, start=1):
        goal = goals[layer * step - 1][present].float()
        total = total + nn.functional.mse_loss(state[present].float(), goal) / goal.var()
    return total / len(states)


def save_small(
    small: nn.Module, tokenizer: Tokenizer, out: Path, *, recipe: dict[str, Any]
) -> None:
    """Write a checkpoint in half precision that `AutoModel` and `AutoTokenizer` load.

    Args:
        small: The encoder; it is in half precision afterwards.
        tokenizer: What it reads with.
        out: The folder.
        recipe: How it was made; written as `shrinking.json`.
    """
    untyped: Any = small.to(torch.bfloat16)
    untyped.save_pretrained(out)
    save_tokenizer(tokenizer, out, model=small)
    text = json.dumps(recipe, indent=1) + "\n"
    (out / "shrinking.json").write_text(text, encoding="utf-8")
