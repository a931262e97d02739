"""Audits on a cluster: Ray Data reads the shards of an export, and actors judge them.

`RayEngine` hands the verdicts to `audit.run.run_audit`, so that the files of an audit are those of
one machine. `judge_shards` gives them as a Ray dataset, to be written where the cluster keeps its
data: no single machine sees all of it.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from tonecheck.audit.engine import TABLE, Judged, source_of
from tonecheck.audit.manifest import Export
from tonecheck.checker import BATCH, load
from tonecheck.errors import InputError, ModelError, require
from tonecheck.exports.registry import reader_named
from tonecheck.integrations.judging import Judge, Model, in_order, row_of
from tonecheck.integrations.stages import SHARD_BITS, Plan, link, read_shard
from tonecheck.integrations.storage import Shard, find_shards

_BUCKET_BYTES = 16 * 1024**2  # of a shard as it lies there; in memory it is a few times that

# An actor works with one core and asks for a quarter of it: so the actors of a machine that is lost
# find room on those that are left, and so do tasks, which ask for a whole core, to make again what
# that machine held. There are never more actors than cores.
_ACTOR_CORES = 0.25

# Its tasks can be run again anywhere. The newer ways to shuffle keep data in actors, which a
# machine that is lost takes with it.
_SHUFFLE = "sort_shuffle_pull_based"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOptions:
    """How to read and judge shards.

    Attributes:
        model: `default`, the name of a shipped model, or the path of a model folder on this
            machine.
        settings: A `tonecheck.toml` whose thresholds replace the model's.
        format: The name of the shards' format; tables where None.
        columns: For tables, which column holds what: `{"text": "body"}`.
        workers: How many actors judge; one a core of the cluster where None.
    """

    model: str = "default"
    settings: Path | None = None
    format: str | None = None
    columns: Mapping[str, str] | None = None
    workers: int | None = None


_DEFAULTS = ShardOptions()

_Shard = tuple[int, Iterator[tuple[int, str, str | None]]]  # its position, and its rows


def judge_shards(places: Sequence[str], *, options: ShardOptions = _DEFAULTS) -> Any:  # noqa: ANN401  a ray.data.Dataset
    """Return a Ray dataset with the verdict on every message, in the order of reading.

    Its columns are those of `judging.JUDGED`: `number`, `body` (JSON of the row) and `verdict`
    (JSON, null for a row that could not be read). Messages that stand twice are judged twice.

    Args:
        places: Paths and addresses of shards, or of folders of shards.
        options: How to read and judge them.

    Raises:
        InputError: If there are no shards, or there is no such format.
        ModelError: If the model cannot be found, verified or read.
        MissingExtraError: If Ray is not installed.
    """
    shards = find_shards(places)
    return _judged(_plan(shards, options, done=0), _model(options), workers=options.workers)


class RayEngine:
    """Reads and judges shards on a Ray cluster, for `run_audit`.

    It uses the cluster that this process is connected to. Otherwise it connects to the one that
    `RAY_ADDRESS` names or this machine is part of, and starts one of this machine's cores where
    there is none.
    """

    name = "ray"

    def __init__(self, places: Sequence[str], *, options: ShardOptions = _DEFAULTS) -> None:
        """Find the shards, and load the model once here, so that what is wrong is told at once.

        Raises:
            InputError: If there are no shards, or there is no such format.
            ModelError: If the model cannot be found, verified or read.
            MissingExtraError: If Ray is not installed.
        """
        require("ray.data", extra="ray")
        self._options = options
        self._shards = find_shards(places)
        self._format = _format(options)
        self._model = _model(options)
        self._judged: Iterator[_Shard] | None = None
        self._next: _Shard | None = None

    @property
    def exports(self) -> Sequence[Export]:
        """Return the shards, in order."""
        return [
            Export(
                path=shard.shown,
                name=shard.name,
                size=shard.size,
                mtime_ns=shard.mtime_ns,
                format=self._format,
            )
            for shard in self._shards
        ]

    def source(self, position: int) -> str:
        """Return where the ids of a shard count: those of one folder hold across its shards."""
        return source_of(self._format, self._shards[position].table)

    def read(self, position: int) -> Iterator[Judged]:
        """Yield the rows of a shard with their verdicts; see `audit.engine.Engine`.

        The cluster starts with the first shard that is asked for, and works ahead from there.

        Raises:
            InputError: If the shard cannot be read at all.
            ModelError: If a machine of the cluster has another version of tonecheck or the model.
        """
        if self._judged is None:
            plan = _plan(self._shards, self._options, done=position)
            rows = in_order(_tables(plan, self._model, workers=self._options.workers))
            self._judged = groupby(rows, key=lambda row: row[0] >> SHARD_BITS)
        if self._next is None:
            self._next = next(self._judged, None)
        if self._next is None or self._next[0] != position:
            return  # nothing stood in this shard
        rows_of_shard, self._next = self._next[1], None
        for _, body, verdict in rows_of_shard:
            yield row_of(body), verdict


def connect() -> None:
    """Connect to a Ray cluster, or start one of this machine's cores, unless that was done.

    Raises:
        MissingExtraError: If Ray is not installed.
    """
    ray = require("ray", extra="ray")
    if ray.is_initialized():
        return
    # Ray would tell its makers that it is used; nothing is sent from here unless asked by name.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    require("ray.data", extra="ray")
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # it describes each of its plans


def _plan(shards: Sequence[Shard], options: ShardOptions, *, done: int) -> Plan:
    size = sum(shard.size for shard in shards)
    return Plan(
        shards=tuple(shards),
        format=_format(options),
        columns=options.columns,
        buckets=max(1, size // _BUCKET_BYTES, min(len(shards), 64)),
        done=done,
    )


def _format(options: ShardOptions) -> str:
    if options.columns and options.format not in {None, TABLE}:
        raise InputError(
            f"columns can be mapped in tables only, not in the format {options.format!r}. "
            "Leave out --map, or use --format table."
        )
    return reader_named(options.format or TABLE).name


def _model(options: ShardOptions) -> Model:
    label = load(options.model, settings=options.settings).model
    return Model.pack(options.model, options.settings, label=label)


def _judged(plan: Plan, model: Model, *, workers: int | None) -> Any:  # noqa: ANN401  a ray.data.Dataset
    """Return the dataset of verdicts, lazily from where messages have what they answer."""
    connect()
    ray, data = require("ray", extra="ray"), require("ray.data", extra="ray")
    context = data.DataContext.get_current()
    context.shuffle_strategy = _SHUFFLE
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    positions = [{"position": position} for position in range(len(plan.shards))]

    def read(batch: dict[str, Any]) -> Iterator[Any]:
        for position in batch["position"]:
            yield from read_shard(plan, int(position))

    rows = data.from_items(positions, override_num_blocks=len(positions))
    linked = (
        rows.map_batches(read, batch_size=1)
        .groupby("bucket")
        .map_groups(link, batch_format="pyarrow")
        .sort("number")
        .materialize()  # before actors take the cores that its tasks need
    )
    most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    return linked.map_batches(
        Judge,
        fn_constructor_args=[model],
        batch_size=BATCH,
        batch_format="pyarrow",
        compute=data.ActorPoolStrategy(size=most),
        num_cpus=_ACTOR_CORES,
        scheduling_strategy="SPREAD",
    )


def _tables(plan: Plan, model: Model, *, workers: int | None) -> Iterator[Any]:
    """Yield the tables of verdicts.

    Raises:
        ModelError: If the cluster fails.
    """
    connect()
    ray = require("ray", extra="ray")
    try:
        dataset = _judged(plan, model, workers=workers)
        yield from dataset.iter_batches(batch_size=BATCH, batch_format="pyarrow")
    except ray.exceptions.RayError as err:
        raise ModelError(
            f"the cluster could not judge: {type(err).__name__}. What was done until then "
            "is kept. Its logs say more; mend it, and run the same command again."
        ) from err
