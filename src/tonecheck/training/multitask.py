"""One encoder with many heads: our three tones, the evidence, and each corpus's own labels.

The tones' head is the checkpoint's own sequence classifier, so that what is saved loads with
`AutoModelForSequenceClassification` and no code of ours.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification

from tonecheck.labels import TONES
from tonecheck.training.mixture import Batch
from tonecheck.training.pretrained import knows_token_types

DROPOUT = 0.1
EVIDENCE_WEIGHT, LABELS_WEIGHT = 0.3, 0.5
"""How much the loss of the evidence, and of the corpora's own labels, counts beside the tones'."""

_DROPOUTS = {
    "mlp_dropout": DROPOUT, "embedding_dropout": DROPOUT, "classifier_dropout": DROPOUT,
    "hidden_dropout_prob": DROPOUT,
    # Random numbers for each pair of tokens take a tenth of the time on a CPU.
    "attention_dropout": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
_LAYER = re.compile(r"(?:^|[._])(?:layers?|blocks?|h)\.(\d+)\.")


class ToneEncoder(nn.Module):
    """A sequence classifier of any architecture, with a head for evidence and one a corpus."""

    def __init__(
        self, base: str | Path, names: Mapping[str, tuple[str, ...]], *, vocabulary: int
    ) -> None:
        """Load a checkpoint, whose classifier may be new.

        Args:
            base: A checkpoint's folder, or its name on the Hugging Face hub.
            names: The own labels of each corpus that has some.
            vocabulary: How many tokens the tokenizer knows; new ones get new embeddings.
        """
        super().__init__()
        config = AutoConfig.from_pretrained(
            base,
            num_labels=len(TONES),
            id2label={place: str(tone) for place, tone in enumerate(TONES)},
            label2id={str(tone): place for place, tone in enumerate(TONES)},
            problem_type="multi_label_classification",
        )
        for name, share in _DROPOUTS.items():
            if getattr(config, name, None) is not None:
                setattr(config, name, share)
        self.model: Any = AutoModelForSequenceClassification.from_pretrained(
            base, config=config, attn_implementation="eager", dtype=torch.float32
        )
        if vocabulary > self.model.get_input_embeddings().num_embeddings:
            self.model.resize_token_embeddings(vocabulary)
        self.evidence = nn.Linear(config.hidden_size, len(TONES))
        self.own = nn.ModuleDict(
            {name: nn.Linear(config.hidden_size, len(labels)) for name, labels in names.items()}
        )
        self._typed = knows_token_types(self.model)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return log-odds of the tones, of each token's evidence, and the states of the tokens."""
        typed = {"token_type_ids": token_type_ids} if self._typed else {}
        found = self.model(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True, **typed
        )
        states = found.hidden_states[-1]
        return found.logits, self.evidence(states), states

    @property
    def typed(self) -> bool:
        """Return whether the architecture tells the reply from its parent by token types."""
        return self._typed

    def loss(self, batch: Batch, device: str) -> Tensor:
        """Return what a batch costs: tones, evidence and own labels, weighted."""
        tokens, mask, types = (
            torch.from_numpy(part).to(device) for part in (batch.tokens, batch.mask, batch.types)
        )
        logits, evidence, states = self(tokens, mask, types)
        # By the number of replies, so that a batch of replies that count little moves little.
        total = _cost(logits, batch.targets, batch.weights) / batch.weights.size
        marked = max(1.0, float(batch.evidence_weights.sum()))
        total = total + EVIDENCE_WEIGHT * (
            _cost(evidence, batch.evidence, batch.evidence_weights) / marked
        )
        pooled = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        for name, (rows, labels) in batch.labels.items():
            own = self.own[name](pooled[rows]).float()
            cost = nn.functional.binary_cross_entropy_with_logits(
                own, torch.from_numpy(labels).to(device), reduction="none"
            )
            # A head of many rare labels must not count less than one of a single frequent one.
            total = total + LABELS_WEIGHT * cost.sum(1).mean() * len(rows) / len(tokens)
        return total

    def groups(self, rate: float, head_rate: float, decay: float) -> list[dict[str, Any]]:
        """Return parameter groups whose learning rates fall from the last layer to the first."""
        depths = [
            int(match[1]) for name, _ in self.named_parameters() if (match := _LAYER.search(name))
        ]
        top = max(depths, default=0) + 1
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            match = _LAYER.search(name)
            if match:
                pace = rate * decay ** (top - 1 - int(match[1]))
            elif "embed" in name:
                pace = rate * decay**top
            else:
                pace = head_rate
            weight_decay = 0.01 if parameter.ndim > 1 else 0.0
            groups.setdefault((pace, weight_decay), []).append(parameter)
        return [
            {"params": found, "lr": pace, "peak": pace, "weight_decay": weight_decay}
            for (pace, weight_decay), found in groups.items()
        ]


def _cost(logits: Tensor, targets: NDArray[np.float32], weights: NDArray[np.float32]) -> Tensor:
    device = logits.device
    cost = nn.functional.binary_cross_entropy_with_logits(
        logits.float(), torch.from_numpy(targets).to(device), reduction="none"
    )
    return (cost * torch.from_numpy(weights).to(device)).sum()


def predict(
    model: ToneEncoder, windows: Sequence[Any], rows: int, *, batch_tokens: int = 8192
) -> NDArray[np.float64]:
    """Return raw log-odds of replies, shape (rows, tones): the highest of their windows."""
    device = next(model.parameters()).device.type
    raw = np.full((rows, len(TONES)), -np.inf)
    order = sorted(range(len(windows)), key=lambda place: len(windows[place].tokens))
    model.eval()
    while order:
        size = max(1, batch_tokens // len(windows[order[-1]].tokens))
        chosen = [windows[place] for place in order[-size:]]
        del order[-size:]
        length = max(len(window.tokens) for window in chosen)
        tokens, mask, types = np.zeros((3, len(chosen), length), dtype=np.int64)
        for place, window in enumerate(chosen):
            part = slice(len(window.tokens))
            tokens[place, part], mask[place, part] = window.tokens, 1
            types[place, part] = window.types
        inputs = (torch.from_numpy(part).to(device) for part in (tokens, mask, types))
        with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
            logits = model(*inputs)[0].float().cpu().numpy()
        np.maximum.at(raw, [window.row for window in chosen], logits)
    model.train()
    return raw
