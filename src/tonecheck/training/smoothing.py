"""Makes an encoder lose less when its numbers become eight bits wide.

A few channels of a transformer's states are many times larger than the rest. Eight bits are spread
over the largest, so that the others are rounded coarsely. Dividing such channels by a scale, and
multiplying the weights that read them by the same, changes nothing before rounding and keeps more
after it (SmoothQuant: Xiao et al. 2023, arXiv 2211.10438).
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tonecheck.scorers.windows import Window
from tonecheck.training.multitask import ToneEncoder, predict

_MIGRATED = 0.85  # how much of a channel's size goes over to the weights: alpha in the paper
_UNEVEN = 6.0  # a layer is smoothed where its largest channel is over so many times the median


def smoothed(model: ToneEncoder, windows: Sequence[Window]) -> ToneEncoder:
    """Return an encoder that computes the same with states of more even sizes.

    Args:
        model: The encoder; it is left as it is.
        windows: Texts to see the states' sizes on, some hundred.
    """
    model = copy.deepcopy(model).to("cpu").float()
    sizes: dict[str, Tensor] = {}
    layers = {name: part for name, part in model.named_modules() if isinstance(part, nn.Linear)}
    hooks = [
        part.register_forward_pre_hook(lambda _, inputs, name=name: _note(sizes, name, inputs[0]))
        for name, part in layers.items()
    ]
    predict(model, windows, 1 + max((window.row for window in windows), default=0))
    for hook in hooks:
        hook.remove()
    for name, size in sizes.items():
        if size.max() > _UNEVEN * size.median():
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, _Smoothed(layers[name], size))
    return model


def _note(sizes: dict[str, Tensor], name: str, states: Tensor) -> None:
    found = states.detach().float().abs().reshape(-1, states.shape[-1]).amax(0)
    sizes[name] = torch.maximum(sizes[name], found) if name in sizes else found


class _Smoothed(nn.Module):
    """A linear layer that scales what it reads."""

    def __init__(self, layer: nn.Linear, size: Tensor) -> None:
        super().__init__()
        weights = layer.weight.detach().abs().amax(0).clamp(min=1e-4)
        scale = size.clamp(min=1e-4) ** _MIGRATED / weights ** (1 - _MIGRATED)
        scale = scale / scale.log().mean().exp()
        self.shrink = nn.Parameter(1 / scale, requires_grad=False)
        self.layer = layer
        self.layer.weight.data.mul_(scale)

    def forward(self, states: Tensor) -> Tensor:
        """Return what the layer makes of the states."""
        scaled: Tensor = self.layer(states * self.shrink)
        return scaled
