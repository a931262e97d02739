"""Pre-training by replaced-token detection (ELECTRA, Clark et al. 2020, arXiv 2003.10555).

A small generator fills in masked tokens, and the encoder says of every token whether it was
replaced. Both are ModernBERT (Warner et al. 2024, arXiv 2412.13663): pre-norm, rotary positions,
gated units; they share the token embeddings.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from transformers import ModernBertConfig, ModernBertModel

from tonecheck.training.packing import Pack, batches
from tonecheck.training.vocabulary import CLS, MASK, PAD, SEP

MASKED = 0.15
DISCRIMINATOR_WEIGHT = 50.0  # both from the paper
_SAY_EVERY = 100
_SAID = ("generator_loss", "loss", "replaced_found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large the encoder is."""

    vocabulary: int
    layers: int = 4
    width: int = 256
    inner: int = 512
    heads: int = 4
    generator_layers: int = 2
    generator_width: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to train; the pace follows the clock, so a slow machine ends in time.

    Attributes:
        minutes: All training time, over all runs that resume one another.
        batch_tokens: Tokens a step.
        rate: The highest learning rate.
        warmup: Steps until it is reached.
        flat: The share of the time after which it falls, in a line, to a twentieth.
        save_minutes: Time between two checkpoints.
        seed: Of the weights, masks and order.
    """

    minutes: float = 150.0
    batch_tokens: int = 6144
    rate: float = 8e-4
    warmup: int = 300
    flat: float = 0.4
    save_minutes: float = 10.0
    seed: int = 20261124

    def rate_at(self, step: int, progress: float) -> float:
        """Return the learning rate at a step and a share of the time, in [0, 1]."""
        falling = min(1.0, (1.0 - progress) / (1.0 - self.flat))
        return self.rate * min(1.0, (step + 1) / self.warmup) * max(0.05, falling)


def encoder_config(shape: Shape, *, generator: bool = False) -> ModernBertConfig:
    """Return the configuration of the encoder or of its generator."""
    width = shape.generator_width if generator else shape.width
    settings: dict[str, Any] = {  # the class takes more settings than it declares
        "vocab_size": shape.vocabulary,
        "hidden_size": width,
        "intermediate_size": 2 * width if generator else shape.inner,
        "num_hidden_layers": shape.generator_layers if generator else shape.layers,
        "num_attention_heads": 2 if generator else shape.heads,
        "max_position_embeddings": 512,
        "global_attn_every_n_layers": 1,
        "pad_token_id": PAD,
        "cls_token_id": CLS,
        "bos_token_id": CLS,
        "sep_token_id": SEP,
        "eos_token_id": SEP,
        "classifier_pooling": "mean",
    }
    return ModernBertConfig(**settings)


class Electra(nn.Module):
    """Generator and encoder with the two losses."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.encoder = _fresh(encoder_config(shape))
        self.generator = _fresh(encoder_config(shape, generator=True))
        self.generator.embeddings.tok_embeddings = nn.Embedding(1, shape.generator_width)
        self.narrow = nn.Linear(shape.width, shape.generator_width)
        self.widen = nn.Sequential(
            nn.Linear(shape.generator_width, shape.width), nn.GELU(), nn.LayerNorm(shape.width)
        )
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))
        self.detect = nn.Sequential(
            nn.Linear(shape.width, shape.width), nn.GELU(), nn.Linear(shape.width, 1)
        )

    @property
    def words(self) -> nn.Embedding:
        """Return the token embeddings, which both models use."""
        embeddings: nn.Embedding = self.encoder.embeddings.tok_embeddings
        return embeddings

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the generator's loss, the encoder's, and how many replaced tokens it names."""
        present = tokens != PAD
        chosen = (torch.rand(tokens.shape, device=tokens.device) < MASKED) & (tokens > MASK)
        masked = tokens.masked_fill(chosen, MASK)
        mask = present.long()
        guessed = self.generator(
            inputs_embeds=self.narrow(self.words(masked)), attention_mask=mask
        ).last_hidden_state[chosen]
        logits = (self.widen(guessed) @ self.words.weight.T + self.bias).float()
        likelihood = torch.log_softmax(logits, -1)
        generator_loss = nn.functional.nll_loss(likelihood, tokens[chosen])
        replaced = tokens.clone()
        replaced[chosen] = _sampled(likelihood.detach())
        states = self.encoder(input_ids=replaced, attention_mask=mask).last_hidden_state
        found = self.detect(states).squeeze(-1).float()
        wrong = replaced != tokens
        loss = nn.functional.binary_cross_entropy_with_logits(
            found[present], wrong[present].float()
        )
        named = (found[wrong] > 0).float().sum() / wrong.sum().clamp(min=1)
        return generator_loss, loss, named.detach()


def _fresh(config: ModernBertConfig) -> ModernBertModel:
    """Return an untrained model with plain attention.

    For 128 tokens on a processor that is a third faster than fused kernels.
    """
    untyped: Any = ModernBertModel
    model: ModernBertModel = untyped._from_config(config, attn_implementation="eager")
    return model


def _sampled(likelihood: Tensor) -> Tensor:
    """Return a token drawn for each row; by running sums, which is faster than a Categorical."""
    sums = likelihood.exp().cumsum(-1)
    drawn = torch.rand(len(sums), 1, device=sums.device) * sums[:, -1:]
    return torch.searchsorted(sums, drawn).squeeze(-1).clamp_max(sums.shape[1] - 1)


def pretrain(
    data: Pack,
    shape: Shape,
    *,
    schedule: Schedule,
    state: Path,
    say: Callable[[dict[str, Any]], None],
    start: Callable[[Electra], None] = lambda model: None,
) -> Electra:
    """Train until the schedule's time is up, and return the model.

    Args:
        data: What to read.
        shape: How large the model is.
        schedule: How long and how fast.
        state: A file that holds everything needed to go on; an existing one is resumed.
        say: Is told the losses and rates every hundred steps.
        start: Puts earlier weights into a new model, to train on from them.
    """
    torch.manual_seed(schedule.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Electra(shape)
    start(model)
    model.to(device)
    optimizer = torch.optim.AdamW(
        _groups(model), lr=schedule.rate, betas=(0.9, 0.98), eps=1e-6, fused=True
    )
    step, seconds, seen = _resumed(state, model, optimizer)
    source = batches(data, schedule.batch_tokens, seed=schedule.seed + step)
    saved_at = time.monotonic()
    begun = saved_at - seconds
    sums: list[list[float]] = []
    model.train()
    while (seconds := time.monotonic() - begun) < 60 * schedule.minutes:
        rate = schedule.rate_at(step, seconds / (60 * schedule.minutes))
        for group in optimizer.param_groups:
            group["lr"] = rate
        tokens = torch.from_numpy(next(source).astype(np.int64)).to(device)
        sums.append(_learn(model, optimizer, tokens))
        step, seen = step + 1, seen + tokens.numel()
        if step % _SAY_EVERY == 0:
            means = np.mean(sums, axis=0).round(4).tolist()
            sums.clear()
            progress = {"step": step, "seconds": round(seconds), "tokens": seen}
            say({**progress, "rate": round(rate, 7), **dict(zip(_SAID, means, strict=True))})
        if time.monotonic() - saved_at > 60 * schedule.save_minutes:
            saved_at = time.monotonic()
            _save(state, model, optimizer, step=step, seconds=saved_at - begun, tokens=seen)
    _save(state, model, optimizer, step=step, seconds=seconds, tokens=seen)
    return model


def _resumed(state: Path, model: nn.Module, optimizer: Optimizer) -> tuple[int, float, int]:
    """Load a saved state if there is one; return the steps, seconds and tokens so far."""
    if not state.exists():
        return 0, 0.0, 0
    device = next(model.parameters()).device
    saved = torch.load(state, weights_only=True, map_location=device)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    return saved["step"], saved["seconds"], saved["tokens"]


def _learn(model: Electra, optimizer: Optimizer, tokens: Tensor) -> list[float]:
    """Take one step; return both losses and the share of replaced tokens that were named."""
    with torch.autocast(tokens.device.type, dtype=torch.bfloat16):
        generator_loss, loss, named = model(tokens)
    (generator_loss + DISCRIMINATOR_WEIGHT * loss).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    optimizer.zero_grad()
    return [generator_loss.item(), loss.item(), named.item()]


def _groups(model: nn.Module) -> list[dict[str, Any]]:
    plain = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": plain, "weight_decay": 0.01}, {"params": free, "weight_decay": 0.0}]


def _save(state: Path, model: nn.Module, optimizer: Optimizer, **progress: float) -> None:
    partial = state.with_suffix(".partial")
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), **progress}, partial
    )
    partial.replace(state)


def describe(shape: Shape, schedule: Schedule) -> dict[str, Any]:
    """Return the settings, for the stored recipe."""
    return {"shape": asdict(shape), "schedule": asdict(schedule), "masked": MASKED}
