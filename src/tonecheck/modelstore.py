"""Model folders: what is in one, and how to save, find, verify and open it.

A folder holds `config.json` (labels, thresholds, calibration), the files that its kind of model
needs, `README.md` (the model card) and `manifest.json` with the size and SHA-256 of the others.
Nothing in it is ever executed. A folder inside it, such as the checkpoint that an encoder is
trained on from, is no part of the model: it is neither listed nor read.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tonecheck.errors import InputError, ModelError, ModelFormatError, ModelIntegrityError
from tonecheck.labels import TONES

FORMAT = 1
"""The folder format that this version writes and reads."""

DEFAULT_MODEL = "pair-en"
FORECAST = "forecast-en"
"""The shipped model that reads threads instead of replies."""

FORECAST_KIND = "forecast"

CONFIG, WEIGHTS, CARD, MANIFEST = "config.json", "weights.safetensors", "README.md", "manifest.json"
GRAPH, TOKENIZER = "encoder.onnx", "tokenizer.json"

FILES: Mapping[str, Sequence[str]] = {
    "linear": (WEIGHTS,),
    "encoder": (GRAPH, TOKENIZER),
    "pair": (),  # two other models, which lie beside it
    FORECAST_KIND: (WEIGHTS,),
}
"""What each kind of model needs beside its configuration."""

PARTS = ("linear", "encoder")
"""What a pair is made of, in the order of its weights."""

_ADVICE = "Install or train the model again; do not use it as it is."
_NEEDED = ("kind", "name", "version")
_NEEDED_OF_REPLIES = ("calibration", "policy", "prior")

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A verified model folder.

    Attributes:
        path: Where it lies.
        config: What `config.json` holds.
        files: Where each file lies that its manifest lists, by name; all have been verified.
    """

    path: Path
    config: Mapping[str, Any]
    files: Mapping[str, Path]

    @property
    def label(self) -> str:
        """Return `name@version`, as verdicts carry it."""
        return f"{self.config['name']}@{self.config['version']}"

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the weights by name.

        Raises:
            ModelFormatError: If the weights cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return load_file(self.files[WEIGHTS])
        except SafetensorError as err:
            raise ModelFormatError(
                f"{self.files[WEIGHTS]} holds no safetensors weights ({err}). "
                "Train or install the model again."
            ) from err


def open_model(name: str = "default") -> ModelFolder:
    """Return the model folder that a name or a path means, after checking every file's hash.

    Args:
        name: `default`, the name of a shipped model, or the path of a model folder.

    Raises:
        ModelError: If there is no such model.
        ModelIntegrityError: If a file is missing or differs from the manifest.
        ModelFormatError: If the folder was written in another format or lacks a tone.
    """
    path = _find(DEFAULT_MODEL if name == "default" else name)
    verified = _verify(path)
    config = _read_config(path)
    for name in FILES.get(str(config["kind"]), ()):
        if name not in verified:
            raise ModelIntegrityError(f"{path / MANIFEST} does not list {name}. {_ADVICE}")
    return ModelFolder(path=path, config=config, files=verified)


def open_parts(folder: ModelFolder) -> dict[str, ModelFolder]:
    """Return the models that a pair consists of, by kind; other models have no parts.

    Raises:
        ModelError: If a part is not there or cannot be used.
        ModelIntegrityError: If a part is another than the pair was made with.
        ModelFormatError: If the folder does not name its parts.
    """
    if folder.config["kind"] != "pair":
        return {}
    stated = folder.config.get("parts")
    if not isinstance(stated, dict) or not all(_is_part(stated.get(kind)) for kind in PARTS):
        raise ModelFormatError(
            f"{folder.path / CONFIG} must name its parts, a {' and an '.join(PARTS)}: folders "
            "beside its own. Train the model again."
        )
    found = {}
    for kind in PARTS:
        path = folder.path.resolve().parent / stated[kind]["name"]
        part = open_model(str(path))
        if part.config["kind"] != kind or sha256_of(path / MANIFEST) != stated[kind]["manifest"]:
            raise ModelIntegrityError(
                f"{path} ({part.label}) is not the {kind} that {folder.label} was made with. "
                "Install both together, or train the pair again."
            )
        found[kind] = part
    return found


def _is_part(stated: object) -> bool:
    if not isinstance(stated, dict) or not isinstance(stated.get("manifest"), str):
        return False
    name = stated.get("name")
    return isinstance(name, str) and name not in ("", "..") and Path(name).name == name


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = dict(json.loads((path / CONFIG).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as err:
        raise ModelFormatError(
            f"{path / CONFIG} holds no JSON object ({err}). Train the model again."
        ) from err
    if config.get("format") != FORMAT:
        raise ModelFormatError(
            f"{path} has format {config.get('format')!r}; this version of tonecheck reads format "
            f"{FORMAT}. Train the model again, or install the tonecheck that wrote it."
        )
    if config.get("tones") != [str(tone) for tone in TONES]:
        raise ModelFormatError(
            f"{path} judges {config.get('tones')}; tonecheck needs {[str(t) for t in TONES]}, "
            "in this order. Train the model again."
        )
    needed = _NEEDED if config.get("kind") == FORECAST_KIND else (*_NEEDED, *_NEEDED_OF_REPLIES)
    if missing := [key for key in needed if key not in config]:
        raise ModelFormatError(
            f"{path / CONFIG} lacks {', '.join(missing)}. Train the model again."
        )
    return config


def shipped_models() -> list[Path]:
    """Return the folders of the models of replies that came with tonecheck, by name."""
    root = shipped_root()
    return sorted(
        path.parent for path in root.glob(f"*/{MANIFEST}") if path.parent.name != FORECAST
    )


def save_model(
    path: Path,
    config: Mapping[str, Any],
    *,
    card: str,
    tensors: Tensors | None = None,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write a model folder; the manifest comes last, so that half a folder never verifies.

    Args:
        path: The folder; it is made if need be.
        config: What goes into `config.json`, beside the format.
        card: The model card.
        tensors: What goes into `weights.safetensors`; without it there is no such file.
        files: Further files by name.

    Raises:
        InputError: If a further file is not a plain name, or is one that this function writes.
    """
    contents = {
        CONFIG: (json.dumps({"format": FORMAT, **config}, indent=2) + "\n").encode(),
        **({} if tensors is None else {WEIGHTS: _serialised(tensors)}),
        CARD: card.encode(),
    }
    for name in files:
        if Path(name).name != name or name in ("", "..", *contents, MANIFEST):
            raise InputError(
                f"a model folder cannot take a further file {name!r}. Give a plain file name other "
                f"than {', '.join((*contents, MANIFEST))}."
            )
    contents |= files
    path.mkdir(parents=True, exist_ok=True)
    manifest = {
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        }
    }
    (path / MANIFEST).unlink(missing_ok=True)
    for name, content in contents.items():
        with replacing(path / name) as file:
            file.write(content)
    with replacing(path / MANIFEST) as file:
        file.write((json.dumps(manifest, indent=2) + "\n").encode())


def _serialised(tensors: Tensors) -> bytes:
    from safetensors.numpy import save

    return bytes(save({name: np.ascontiguousarray(array) for name, array in tensors.items()}))


@contextmanager
def replacing(path: Path, *, mode: int = 0o644) -> "Iterator[Any]":
    """Open a file to write bytes into; it takes its name only when the block ends well.

    Args:
        path: The file.
        mode: Who may read and write it then; a model or report is for others to read.
    """
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(partial).chmod(mode)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _find(name: str) -> Path:
    # A path is a path: only a bare name may mean a shipped model.
    bare = name not in (".", "..") and not {"/", "\\"} & set(name)
    for path in (shipped_root() / name, Path(name)) if bare else (Path(name),):
        if path.is_dir():
            return path
    shipped = ", ".join(path.name for path in shipped_models()) or "none"
    raise ModelError(
        f"there is no model {name!r}. Shipped models: {shipped}. "
        "Give one of these names or the path of a model folder."
    )


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def shipped_root() -> Path:
    """Return the folder of what came with tonecheck: in the package, or in a checkout."""
    package = Path(str(files("tonecheck")))
    installed = package / "models"
    # In a checkout the models lie beside src/; the wheel carries them inside the package.
    return installed if installed.is_dir() else package.parents[1] / "models"


def _verify(path: Path) -> dict[str, Path]:
    """Return the files that the manifest lists, after checking the hash of each."""
    try:
        listed = dict(json.loads((path / MANIFEST).read_text(encoding="utf-8"))["files"])
    except FileNotFoundError:
        raise ModelIntegrityError(f"{path} has no {MANIFEST}. {_ADVICE}") from None
    except (ValueError, KeyError, TypeError) as err:
        raise ModelIntegrityError(
            f"{path / MANIFEST} is not a manifest ({err}). {_ADVICE}"
        ) from err
    if CONFIG not in listed:
        raise ModelIntegrityError(f"{path / MANIFEST} does not list {CONFIG}. {_ADVICE}")
    verified = {}
    for name, facts in listed.items():
        file = path / Path(name).name
        if not file.is_file():
            raise ModelIntegrityError(f"{file} is missing. {_ADVICE}")
        stated = facts.get("sha256") if isinstance(facts, dict) else None
        if sha256_of(file) != stated:
            raise ModelIntegrityError(f"{file} differs from its manifest. {_ADVICE}")
        verified[name] = file
    return verified
