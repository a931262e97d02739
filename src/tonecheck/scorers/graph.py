"""The encoder's computation: an ONNX graph that onnxruntime runs, one window at a time."""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import ModelFormatError
from tonecheck.labels import TONES
from tonecheck.scorers.windows import Tokens, Window, Windows

Logits = NDArray[np.float32]

_TOKENS, _MASK, _TYPES = "input_ids", "attention_mask", "token_type_ids"
_OUTPUTS = ("logits", "evidence")
_STATE = "state"
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
_FATAL = 4  # onnxruntime's log levels; what it raises it need not print as well
_SLOWER = ["SkipLayerNormFusion"]  # its fused kernel takes six times as long as the two it replaces


class _Session(Protocol):
    """What is used of an `onnxruntime.InferenceSession`, which carries no types."""

    def get_inputs(self) -> Sequence[Any]: ...

    def get_outputs(self) -> Sequence[Any]: ...

    def run(self, names: Sequence[str], feeds: Mapping[str, NDArray[Any]]) -> list[Any]: ...


def import_onnxruntime() -> ModuleType:
    """Import onnxruntime so that it sends nothing and stores nothing, and return it.

    From version 1.29 on its official builds tell Microsoft which models run on which machines,
    and keep a device number in the user's cache folder, unless this variable is set when they
    are first imported (Privacy.md in the package). The variable is put back as it was.
    """
    before = os.environ.get(_NO_TELEMETRY)
    os.environ[_NO_TELEMETRY] = "1"
    try:
        onnxruntime = import_module("onnxruntime")
    finally:
        if before is None:
            del os.environ[_NO_TELEMETRY]
        else:
            os.environ[_NO_TELEMETRY] = before
    onnxruntime.disable_telemetry_events()  # the program around us may have imported it before
    return onnxruntime


class Seen(NamedTuple):
    """What a graph makes of one window.

    Attributes:
        logits: Log-odds of the tones, shape (tones,).
        evidence: The same of each token, shape (tokens, tones).
        state: The mean of what it knows at each token, or None where the graph does not give it.
    """

    logits: Logits
    evidence: Logits
    state: Logits | None


class Graph:
    """Gives the log-odds of a window's tones and of its tokens.

    It runs windows singly and without padding: the weights are of eight bits, and how activations
    are rounded to match depends on all that is fed at once.
    """

    def __init__(self, session: _Session) -> None:
        self._session = session
        self._typed = _TYPES in {taken.name for taken in session.get_inputs()}
        stateful = _STATE in {given.name for given in session.get_outputs()}
        self._names = (*_OUTPUTS, _STATE) if stateful else _OUTPUTS

    @classmethod
    def from_file(cls, path: Path, *, windows: Windows) -> "Graph":
        """Return the graph of an `encoder.onnx`, after running it once.

        Args:
            path: The file.
            windows: What will cut its windows.

        Raises:
            ModelFormatError: If the file is no ONNX graph, takes or gives something else than an
                encoder does, or cannot read a window of full length and all tokens.
        """
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        # One thread, so that a session outlives a fork; `parallel` is what uses many cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = _FATAL
        try:
            # From memory: a graph that is opened by path may draw on files that were not verified.
            session = onnxruntime.InferenceSession(
                path.read_bytes(),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_SLOWER,
            )
        except Exception as err:  # the library's errors have no root of their own
            raise ModelFormatError(
                f"{path} holds no ONNX graph that can be run ({_first_line(err)}). "
                "Train or install the model again."
            ) from err
        _check_names(path, session)
        graph = cls(session)
        graph._check_run(path, windows)
        return graph

    def run(self, window: Window) -> Seen:
        """Return what the graph makes of a window."""
        logits, evidence, *state = self._outputs(window.tokens, window.types)
        return Seen(logits[0], evidence[0], state[0][0] if state else None)

    def _outputs(self, tokens: Tokens, types: Tokens) -> list[Logits]:
        feeds = {_TOKENS: tokens[None], _MASK: np.ones((1, len(tokens)), np.int64)}
        if self._typed:
            feeds[_TYPES] = types[None]
        return self._session.run(self._names, feeds)

    def _check_run(self, path: Path, windows: Windows) -> None:
        size = windows.longest
        tokens = np.linspace(0, windows.vocabulary - 1, size).astype(np.int64)
        try:
            outputs = self._outputs(tokens, np.arange(size) % 2)
        except Exception as err:  # the library's errors have no root of their own
            raise ModelFormatError(
                f"{path} cannot read {size} tokens of a vocabulary of {windows.vocabulary} "
                f"({_first_line(err)}). Train or install the model again."
            ) from err
        expected = ((1, len(TONES)), (1, size, len(TONES)))
        for name, output, shape in zip(_OUTPUTS, outputs, expected, strict=False):
            if output.shape != shape:
                raise ModelFormatError(
                    f"{path} gives {name} of shape {output.shape} for {size} tokens; "
                    f"this version needs {shape}. Train the model again."
                )


def _check_names(path: Path, session: _Session) -> None:
    takes = {taken.name for taken in session.get_inputs()}
    gives = {given.name for given in session.get_outputs()}
    if takes - {_TYPES} != {_TOKENS, _MASK} or not gives.issuperset(_OUTPUTS):
        raise ModelFormatError(
            f"{path} takes {', '.join(sorted(takes))} and gives {', '.join(sorted(gives))}; this "
            f"version feeds {_TOKENS}, {_MASK} and, where wanted, {_TYPES}, and reads "
            f"{' and '.join(_OUTPUTS)}. Train the model again."
        )


def _first_line(err: Exception) -> str:
    return str(err).strip().partition("\n")[0]
