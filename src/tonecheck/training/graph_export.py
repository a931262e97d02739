"""From a fine-tuned encoder to what is shipped: an ONNX graph with weights of eight bits.

Weights are quantised channel by channel, embeddings row by row, activations as they come (dynamic
quantisation); `quantisation_loss` says how much that loses.
"""

import copy
import logging
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from transformers import TokenizersBackend

from tonecheck.labels import TONES
from tonecheck.scorers.graph import import_onnxruntime
from tonecheck.scorers.logistic import Floats, calibrated
from tonecheck.training.multitask import ToneEncoder
from tonecheck.training.pretrained import save_reader

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

_MANY_ROWS = 100  # smaller tables stay as they are
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class _Shipped(nn.Module):
    """The tones, the evidence and the mean state; the other heads only teach."""

    def __init__(self, model: ToneEncoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        logits, evidence, states = self.model(*inputs)
        return logits, evidence, states.mean(dim=1)


def export_graph(model: ToneEncoder, *, quantise: bool = True) -> bytes:
    """Return the encoder as an ONNX graph; see `scorers.encoder` for what goes in and out.

    Args:
        model: The encoder.
        quantise: Whether its weights become numbers of eight bits.
    """
    import onnx

    import_onnxruntime()
    with tempfile.TemporaryDirectory() as folder:
        plain, small = Path(folder, "plain.onnx"), Path(folder, "small.onnx")
        with warnings.catch_warnings():
            # The exporter warns of names that its own passes make up, of its own deprecations and
            # of packages that it could also export from.
            warnings.simplefilter("ignore")
            logging.getLogger("torch.onnx").setLevel(logging.ERROR)
            _export(model, plain)
        if not quantise:
            return _without_traces(onnx.load(plain))
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            plain,
            small,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul"],
        )
        made = onnx.load(small)
    _quantise_embeddings(made.graph)
    return _without_traces(made)


def _quantise_embeddings(graph: "GraphProto") -> None:
    """Keep each row of a large table as numbers of eight bits and a scale of sixteen.

    onnxruntime's own way has one scale for the whole table, so that a few large rows leave the
    others few steps.
    """
    from onnx import TensorProto, helper, numpy_helper

    tables = {table.name: table for table in graph.initializer if len(table.dims) == 2}
    for place, node in reversed(list(enumerate(graph.node))):
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != TensorProto.FLOAT or table.dims[0] < _MANY_ROWS:
            continue
        rows = numpy_helper.to_array(table)
        scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, 1e-6).astype(np.float16)
        whole = np.rint(rows / scales).clip(-127, 127).astype(np.int8)
        graph.initializer.remove(table)
        parts, wide = [], []
        for kept, ending in ((whole, "rows"), (scales, "scales")):
            name = f"{table.name}_{ending}"
            taken, cast = f"{name}_taken", f"{name}_cast"
            graph.initializer.append(numpy_helper.from_array(kept, name))
            parts.append(helper.make_node("Gather", [name, node.input[1]], [taken]))
            parts.append(helper.make_node("Cast", [taken], [cast], to=TensorProto.FLOAT))
            wide.append(cast)
        parts.append(helper.make_node("Mul", wide, list(node.output)))
        del graph.node[place]
        for part in reversed(parts):
            graph.node.insert(place, part)


def _without_traces(model: "ModelProto") -> bytes:
    """Return a graph without what the exporter notes of the machine, such as its paths."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
        tensor.doc_string = ""
    return bytes(model.SerializeToString())


def _export(model: ToneEncoder, path: Path) -> None:
    count = len(_INPUTS) if model.typed else len(_INPUTS) - 1
    axes = {0: torch.export.Dim("batch", min=1), 1: torch.export.Dim("length", min=2)}
    torch.onnx.export(
        _Shipped(model.to("cpu").float()).eval(),
        tuple(torch.ones(2, 24, dtype=torch.long) for _ in range(count)),
        str(path),
        input_names=list(_INPUTS[:count]),
        output_names=["logits", "evidence", "state"],
        dynamic_shapes=((axes,) * count,),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def save_checkpoint(model: ToneEncoder, tokenizer: TokenizersBackend, out: Path) -> None:
    """Write the tones' classifier as a Hugging Face folder, in half precision.

    It loads with `AutoModelForSequenceClassification.from_pretrained`, and what `AutoTokenizer`
    makes of a reply and what it answers fits into it.

    Args:
        model: The encoder; it is left as it is.
        tokenizer: The Hugging Face tokenizer that it was trained with.
        out: The folder to write.
    """
    half: Any = copy.deepcopy(model.model).to(torch.bfloat16)
    half.save_pretrained(out)
    save_reader(tokenizer, out, model=half)


def quantisation_loss(small: Floats, plain: Floats, slopes: Floats) -> dict[str, Any]:
    """Return how far the probabilities of the small graph lie from those of the plain one.

    Args:
        small: Raw log-odds of replies, shape (replies, tones).
        plain: The same of the graph before quantisation.
        slopes: The calibration, shape (tones, 2).
    """
    gaps = np.abs(calibrated(small, slopes) - calibrated(plain, slopes))
    return {
        "replies": len(gaps),
        "mean": round(float(gaps.mean()), 5),
        "p99": round(float(np.quantile(gaps, 0.99)), 5),
        "largest": round(float(gaps.max()), 5),
        "over_0.02": round(float((gaps > 0.02).any(axis=1).mean()), 5),
        "largest_by_tone": {
            str(tone): round(float(gap), 5)
            for tone, gap in zip(TONES, gaps.max(axis=0), strict=True)
        },
    }
