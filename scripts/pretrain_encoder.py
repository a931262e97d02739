"""Pre-trains the encoder from scratch: `python scripts/pretrain_encoder.py --work DIR`.

Three steps, each kept in the work folder so that a later run goes on where this one ended: learn
the vocabulary, pack the texts, train. The result, in half precision, goes to `models/`.

On a processor most of the time may go to memory that is handed back and asked for again. A kinder
allocator helps: `LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=dirty_decay_ms:-1,muzzy_decay_ms:-1`.
"""

import argparse
import json
import shutil
from functools import partial
from itertools import chain, islice
from multiprocessing import Pool
from pathlib import Path

from tonecheck.training.packing import Pack, pack
from tonecheck.training.unlabelled import UnlabelledPairs
from tonecheck.training.vocabulary import learn_vocabulary

ROOT = Path(__file__).parents[1]
STATE = "state.pt"
VOCABULARY = "tokenizer.json"
_SAMPLE = 60_000  # forum posts that the vocabulary is learnt from, beside all other corpora


def main() -> None:
    """Run the steps that are still to be done."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    vocabulary = options.work / VOCABULARY
    if options.start and not (options.work / STATE).exists():
        if vocabulary.exists():
            raise SystemExit(
                f"{vocabulary} is another run's. Give --start a work folder of its own."
            )
        shutil.copy(options.start / VOCABULARY, vocabulary)
    if not vocabulary.exists():
        pairs = UnlabelledPairs(_folders(options))
        texts = (text for _, text in chain(pairs.corpora(), islice(pairs.forum(), _SAMPLE)))
        learn_vocabulary(texts).save(str(vocabulary))
    dealt = f"share-{options.share:g}-of-{options.parts}"  # other settings make other packs
    packs = [options.work / f"pack-{dealt}-{part}.npz" for part in range(options.parts)]
    wanted = [(path, part, options) for part, path in enumerate(packs) if not path.exists()]
    with Pool(2) as pool:
        pool.starmap(_pack_part, wanted)
    if not options.pack_only:
        _train(Pack.load(packs), vocabulary, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--work", type=Path, required=True, help="where intermediate files go")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "pretrained-en")
    parser.add_argument("--start", type=Path, help="an earlier result to train on from")
    parser.add_argument("--share", type=float, default=1.0, help="of the forum's threads")
    parser.add_argument("--parts", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=150.0)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--pack-only", action="store_true")
    return parser.parse_args()


def _folders(options: argparse.Namespace) -> list[Path]:
    return [options.corpora, ROOT / "data" / "learning"]


def _pack_part(path: Path, part: int, options: argparse.Namespace) -> None:
    from tokenizers import Tokenizer

    vocabulary = Tokenizer.from_file(str(path.with_name(VOCABULARY)))
    pairs = UnlabelledPairs(_folders(options))
    forum = pairs.forum(share=options.share, part=part, parts=options.parts)
    # The other corpora are nearer to what is judged, and few: each part holds them all.
    unfinished = path.with_name(f"unfinished-{path.name}")
    pack(chain(pairs.corpora(), forum), vocabulary).save(unfinished)
    unfinished.replace(path)


def _train(data: Pack, vocabulary: Path, options: argparse.Namespace) -> None:
    from tokenizers import Tokenizer

    from tonecheck.training.electra import Schedule, Shape, describe, pretrain
    from tonecheck.training.pretrained import save_pretrained, start_from

    tokenizer = Tokenizer.from_file(str(vocabulary))
    shape = Shape(
        vocabulary=tokenizer.get_vocab_size(), layers=options.layers, width=options.width,
        inner=2 * options.width,
    )  # fmt: skip
    schedule = Schedule(minutes=options.minutes)
    log = options.work / "losses.jsonl"
    with log.open("a", encoding="utf-8") as told:

        def say(line: dict[str, float]) -> None:
            told.write(json.dumps(line) + "\n")
            told.flush()
            print(line, flush=True)

        model = pretrain(
            data,
            shape,
            schedule=schedule,
            state=options.work / STATE,
            say=say,
            start=partial(start_from, options.start) if options.start else lambda model: None,
        )
    save_pretrained(model, vocabulary, options.out)
    # A run that was killed goes on from its last checkpoint, and takes some steps again.
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    by_step = {line["step"]: line for line in lines}
    losses = [by_step[step] for step in sorted(by_step)]
    recipe = {
        **describe(shape, schedule),
        "started_from": options.start.name if options.start else None,
        "packed_tokens": data.tokens,
        "share_of_forum_threads": options.share,
    }
    (options.out / "pretraining.json").write_text(
        json.dumps({"recipe": recipe, "losses": losses}, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
