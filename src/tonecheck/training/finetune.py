"""Fine-tuning: rounds over a mixture, averaged weights, the best round by held-out replies."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tonecheck.labels import TONES
from tonecheck.scorers.windows import Windows
from tonecheck.training.examples import Example
from tonecheck.training.mixture import Mixture, read_example
from tonecheck.training.multitask import ToneEncoder, predict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finetuning:
    """How to fine-tune.

    Attributes:
        rounds: How often the annotated replies are read.
        rate: The highest learning rate of the last layer; None goes by the checkpoint's size.
        layer_decay: What the rate is multiplied by from a layer to the one below it.
        warmup: The share of the steps until the highest rate; then it falls in a cosine.
        averaged: How much of the averaged weights is kept each step (Polyak & Juditsky 1992).
        seed: Of the new heads, the draws and the dropout.
    """

    rounds: int = 7
    rate: float | None = None
    layer_decay: float = 0.85
    warmup: float = 0.1
    averaged: float = 0.995
    seed: int = 20260901


def finetune(
    base: str | Path,
    mixture: Mixture,
    *,
    settings: Finetuning,
    vocabulary: int,
    score: Callable[[ToneEncoder], float],
    say: Callable[[str], None],
) -> ToneEncoder:
    """Return the fine-tuned encoder as it was after its best round.

    Args:
        base: The checkpoint to start from.
        mixture: What is read.
        settings: How.
        vocabulary: How many tokens the tokenizer knows; the checkpoint may know fewer.
        score: How good a model is, the higher the better; never on development replies.
        say: Is told how each round went.
    """
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = ToneEncoder(base, mixture.names, vocabulary=vocabulary).to(device)
    average = copy.deepcopy(model)
    model.train()  # a loaded checkpoint is in evaluation mode, without dropout
    rate = settings.rate or _usual_rate(model)
    groups = model.groups(rate, 2 * rate, settings.layer_decay)
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)
    best, state, step = -math.inf, average.state_dict(), 0
    expected: float | None = None  # steps in all, known after the first round
    for number in range(settings.rounds):
        costs: list[float] = []
        batches = list(mixture.round(random))
        expected = expected or len(batches) * settings.rounds
        for batch in batches:
            _pace(optimizer, step / expected, settings.warmup)
            with torch.autocast(device, dtype=torch.bfloat16):
                loss = model.loss(batch, device)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            _average(average, model, min(settings.averaged, (1 + step) / (10 + step)))
            costs.append(loss.item())
            step += 1
        reached = score(average)
        say(
            f"round {number + 1} of {settings.rounds}: loss {np.mean(costs):.3f}, "
            f"held-out mean AUC {reached:.4f}"
        )
        if reached > best:
            best = reached
            state = {key: value.clone() for key, value in average.state_dict().items()}
    average.load_state_dict(state)
    return average


def held_out_score(examples: Sequence[Example], windows: Windows) -> Callable[[ToneEncoder], float]:
    """Return what gives a model's mean AUC over the tones on held-out replies."""
    from sklearn.metrics import roc_auc_score

    readings = [read_example(example) for example in examples]
    cut = windows.cut(readings)
    answers = np.array(
        [[example.severities[tone] >= 0.5 for tone in TONES] for example in examples]
    )

    def score(model: ToneEncoder) -> float:
        raw = predict(model, cut, len(readings))
        values = [
            roc_auc_score(answers[:, column], raw[:, column])
            for column in range(len(TONES))
            if 0 < answers[:, column].sum() < len(answers)
        ]
        return float(np.mean(values)) if values else 0.5

    return score


def _usual_rate(model: nn.Module) -> float:
    """Return a learning rate that suits a checkpoint's size.

    5e-5 is the highest that Devlin et al. 2019 advise for BERT-base, since lower layers get less;
    small encoders take and need more, as in Clark et al. 2020 (3e-4 for ELECTRA-small of 14 million
    parameters).
    """
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    return 4e-4 if millions < 10 else 2e-4 if millions < 30 else 5e-5


def _pace(optimizer: torch.optim.Optimizer, progress: float, warmup: float) -> None:
    if progress < warmup:
        share = (progress + 1e-3) / warmup
    else:
        share = 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warmup) / (1 - warmup))))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, kept: float) -> None:
    for slow, fast in zip(average.parameters(), model.parameters(), strict=True):
        slow.lerp_(fast, 1 - kept)
