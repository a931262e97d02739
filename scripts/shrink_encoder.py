"""Makes the checkpoint that the encoder starts from.

    python scripts/shrink_encoder.py --base out/shrinking/all-MiniLM-L6-v2 --work out/shrinking

It is a third of all-MiniLM-L6-v2, which `scripts/unpack_checkpoint.py` unpacks; any other encoder
of the BERT kind can be shrunk. With --again, a shrunk checkpoint learns on with its own pieces.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tonecheck.modelstore import sha256_of
from tonecheck.training.packing import Pack, pack
from tonecheck.training.unlabelled import UnlabelledPairs

ROOT = Path(__file__).parents[1]
_SAMPLE = 60_000  # forum posts that the pieces are chosen by, beside all other corpora


def main() -> None:
    """Choose the pieces, pack the texts, cut the encoder and let it learn."""
    from transformers import AutoModel

    from tonecheck.training import shrink

    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    settings = shrink.Shrinking(
        minutes=options.minutes, pieces=options.pieces, layers=options.layers
    )
    large_tokenizer = Tokenizer.from_file(str(options.base / "tokenizer.json"))
    large_tokenizer.no_padding()
    large_tokenizer.no_truncation()
    vocabulary = (options.again or options.work) / "tokenizer.json"
    if not vocabulary.exists():
        if options.again:
            raise SystemExit(f"{options.again} has no tokenizer.json. Name a shrunk checkpoint.")
        pieces = shrink.kept_pieces(large_tokenizer, _texts(options), size=settings.pieces)
        shrink.with_pieces(large_tokenizer, pieces).save(str(vocabulary))
    tokenizer = Tokenizer.from_file(str(vocabulary))
    packed = options.work / f"pack-{options.share:g}-{sha256_of(vocabulary)[:12]}.npz"
    if not packed.exists():
        pairs = UnlabelledPairs(_folders(options))
        unfinished = packed.with_suffix(".unfinished.npz")
        pack(chain(pairs.corpora(), pairs.forum(share=options.share)), tokenizer).save(unfinished)
        unfinished.replace(packed)
    unknown = large_tokenizer.token_to_id("[UNK]")
    pieces = [tokenizer.id_to_token(place) for place in range(tokenizer.get_vocab_size())]
    places = [large_tokenizer.get_vocab().get(piece, unknown) for piece in pieces]
    large = AutoModel.from_pretrained(options.base, attn_implementation="eager")
    if options.again:
        small = AutoModel.from_pretrained(options.again, attn_implementation="eager").float()
        sizes = {"pieces": len(pieces), "layers": small.config.num_hidden_layers}
        settings = replace(settings, **sizes)
    else:
        small = shrink.shrink(large, places, settings)
    losses: list[dict[str, Any]] = []

    def say(line: dict[str, Any]) -> None:
        losses.append(line)
        print(line, flush=True)

    shrink.learn_states(
        small, large, Pack.load([packed]), places=places, settings=settings, say=say
    )
    recipe = {
        "recipe": asdict(settings),
        "base": options.base.resolve().name,
        "share_of_forum_threads": options.share,
        "before": _before(options.again),
        "losses": losses,
    }
    shrink.save_small(small, tokenizer, options.out, recipe=recipe)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--work", type=Path, required=True, help="where intermediate files go")
    parser.add_argument("--base", type=Path, required=True, help="the large encoder's folder")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "shrunk-en")
    parser.add_argument("--again", type=Path, help="a shrunk checkpoint to go on from")
    parser.add_argument("--share", type=float, default=0.15, help="of the forum's threads")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--pieces", type=int, default=11_000)
    parser.add_argument("--layers", type=int, default=3)
    return parser.parse_args()


def _before(folder: Path | None) -> list[Any]:
    """Return how the checkpoint that this one goes on from was made."""
    if folder is None:
        return []
    earlier = json.loads((folder / "shrinking.json").read_text(encoding="utf-8"))
    return [*earlier.pop("before", []), earlier]


def _folders(options: argparse.Namespace) -> list[Path]:
    return [options.corpora, ROOT / "data" / "learning"]


def _texts(options: argparse.Namespace) -> Iterator[str]:
    pairs = UnlabelledPairs(_folders(options))
    return (text for _, text in chain(pairs.corpora(), islice(pairs.forum(), _SAMPLE)))


if __name__ == "__main__":
    main()
