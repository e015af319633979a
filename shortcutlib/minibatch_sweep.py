"""Stochastic gradient descent against batch and step: a sweep that can be interrupted.

Every block of runs draws its starts, asks the exact reduction where plain gradient descent leads
them, trains them on sampled inputs, and counts at several times how many are near the optimum, near
the trap and neither (`shortcutlib.whereabouts`), separately for starts that plain descent leads to
the optimum and for the others.  Comparing the same starts tells far more than two rates would: how
many runs the noise *saves*, and how many it *loses*.  The counts of one such sweep come with the
library (`shipped`).
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from math import ceil
from typing import Any, NamedTuple

import numpy as np

from shortcutlib import executors, minibatch
from shortcutlib.grid import Grid, Point
from shortcutlib.outcomes import classify
from shortcutlib.reduced import ReducedState
from shortcutlib.results_file import ResultsFile
from shortcutlib.starts import sample_ball
from shortcutlib.step_sizes import StepSizes
from shortcutlib.sweep import check_versions, versions
from shortcutlib.teacher import Teacher, check_finite, check_size
from shortcutlib.whereabouts import Place, whereabouts
from shortcutlib.wilson import wilson_interval

__all__ = [
    "Block",
    "Counts",
    "Setting",
    "blocks",
    "book_blocks",
    "evaluate",
    "run_blocks",
    "shipped",
    "summarise",
]

_SHIPPED = "minibatch.jsonl"
#: Steps of plain descent after which a start counts as a failure, times the output step.
_PATIENCE = 200
#: Patches drawn in a block of runs: a quarter of a minute or so.
_WORK = 5e8

#: The book's sweep.  Runs of each batch size by step size times k^2, for the time 12; and longer
#: runs of the smallest batches.
_K = 16
_TIME, _LONG = 12, 48
_RUNS = {
    1: {1: 2000, 2: 2000, 4: 2000, 8: 2000},
    4: {1: 2000, 2: 2000, 4: 2000, 8: 2000},
    16: {1: 1000, 2: 1000, 4: 1000, 8: 1000},
    64: {1: 500, 2: 500, 4: 500, 8: 500},
    256: {1: 150, 2: 200, 4: 300, 8: 300},
    1024: {1: 50, 2: 80, 4: 120, 8: 200},
    4096: {1: 30, 2: 40, 4: 60, 8: 100},
}
_LONG_RUNS = {1: {4: 1000, 8: 1000}, 4: {4: 1000, 8: 1000}}


class Setting(NamedTuple):
    """What is run: the residual network of the paper, without warm-up.

    Attributes
    ----------
    k, p : int
        Number of patches and patch size.
    angle_over_pi : float
        Angle between v* and the shortcut, in units of pi.
    output_sum, norm_squared : float
        S and N of the teacher; starts are drawn from the ball of radius |S|/sqrt(k).
    output_step, filter_step : float
        Step sizes eta_a and eta_w.
    iterations : int
        Steps of a run.
    records : int
        Number of times at which runs are counted, equally far apart; the last is the end.
    batch : int
        B, inputs a step.
    """

    k: int
    p: int
    angle_over_pi: float
    output_sum: float
    norm_squared: float
    output_step: float
    filter_step: float
    iterations: int
    records: int
    batch: int

    def teacher(self) -> Teacher:
        """The teacher with these numbers; a ValueError says why there is none."""
        return Teacher.from_numbers(
            k=self.k,
            p=self.p,
            output_sum=self.output_sum,
            norm_squared=self.norm_squared,
            angle=min(self.angle_over_pi * np.pi, np.pi),
        )

    @property
    def times(self) -> tuple[float, ...]:
        """eta_a t at the records."""
        whole = self.iterations * self.output_step
        return tuple(whole * (i + 1) / self.records for i in range(self.records))

    @property
    def multiple(self) -> float:
        """eta_a k^2."""
        return self.output_step * self.k**2


class Block(NamedTuple):
    """Some runs of one setting.

    Attributes
    ----------
    setting : Setting
        What is run.
    runs : int
        Number of runs.
    number : int
        Number of the block: blocks of one setting have independent random streams.
    """

    setting: Setting
    runs: int
    number: int

    def rng(self, seed: int) -> np.random.Generator:
        """The random stream of the block: it depends on the block and the seed alone."""
        key = hashlib.sha256(json.dumps(self).encode("ascii")).digest()
        words = np.frombuffer(key, dtype="<u4").tolist()
        return np.random.default_rng(np.random.SeedSequence([seed, *words]))


@dataclass(frozen=True)
class Counts:
    """What became of the runs of one setting.

    Attributes
    ----------
    setting : Setting
        What was run.
    runs : int
        Number of runs.
    descent_success : int
        Starts that plain gradient descent leads to the global optimum.
    optimum, trap : tuple of int
        Runs near the optimum and near the trap, at each record; the others are near neither.
    saved : tuple of int
        Runs near the optimum whose start plain descent does *not* lead there, at each record.
    """

    setting: Setting
    runs: int
    descent_success: int
    optimum: tuple[int, ...]
    trap: tuple[int, ...]
    saved: tuple[int, ...]

    @property
    def neither(self) -> tuple[int, ...]:
        """Runs near neither of the two points, at each record."""
        return tuple(self.runs - o - t for o, t in zip(self.optimum, self.trap, strict=True))

    @property
    def lost(self) -> tuple[int, ...]:
        """Runs not near the optimum whose start plain descent leads there, at each record."""
        return tuple(
            self.descent_success - (o - s) for o, s in zip(self.optimum, self.saved, strict=True)
        )

    @property
    def rate(self) -> float:
        """Share of the runs near the optimum at the last record."""
        return self.optimum[-1] / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson interval of `rate`."""
        return wilson_interval(self.optimum[-1], self.runs)

    @property
    def changed(self) -> tuple[int, tuple[float, float]]:
        """Runs of the last record that end elsewhere than plain descent, and the 95% interval.

        Saved and lost ones together.
        """
        count = self.saved[-1] + self.lost[-1]
        return count, wilson_interval(count, self.runs)

    @property
    def gain(self) -> tuple[float, float]:
        """Estimated difference to plain descent's success rate, and its standard error."""
        mean = (self.saved[-1] - self.lost[-1]) / self.runs
        square = (self.saved[-1] + self.lost[-1]) / self.runs
        # One more disagreement than counted keeps the error honest when there were none.
        spread = max(square - mean**2, 1 / self.runs)
        return mean, float(np.sqrt(spread / self.runs))


def blocks(
    points: Iterable[Point],
    *,
    batches: Sequence[int],
    multiples: Sequence[float] = (1.0,),
    time: float = 12.0,
    records: int = 4,
    runs: int = 500,
    p: int = 8,
) -> Iterator[Block]:
    """Blocks of runs for every combination of teacher, batch and step size.

    Parameters
    ----------
    points : iterable of Point
        Teachers and step ratios, of a `Grid`; a warm-up is refused.
    batches : sequence of int
        Batch sizes.
    multiples : sequence of float, default (1,)
        Values of eta_a k^2.
    time : float, default 12
        eta_a t at the end of a run.
    records : int, default 4
        Number of times at which runs are counted.
    runs : int, default 500
        Runs of each setting.
    p : int, default 8
        Patch size.

    Yields
    ------
    Block

    Raises
    ------
    ValueError
        If a number makes no sense.
    """
    for name, size in (("records", records), ("runs", runs), ("p", p)):
        check_size(name, size)
    for batch in batches:
        check_size("batch", batch)
    for name, values in (("step", multiples), ("time", (time,))):
        for value in values:
            if not check_finite(name, value) > 0:
                raise ValueError(f"{name} = {value}: give a positive number")
    for point in points:
        if point.warmup:
            raise ValueError(f"warmup = {point.warmup}: stochastic runs have none here; give 0")
        for multiple in multiples:
            step = multiple / point.k**2
            # A whole number of steps between two records; rounding makes none longer.
            stretch = ceil(round(time / step / records, 9))
            for batch in batches:
                setting = Setting(
                    point.k,
                    p,
                    point.angle_over_pi,
                    point.output_sum,
                    point.norm_squared,
                    step,
                    point.step_ratio * step,
                    stretch * records,
                    records,
                    batch,
                )
                setting.teacher()
                most = max(1, int(_WORK / (setting.iterations * batch * point.k)))
                parts = -(-runs // most)
                for number in range(parts):
                    yield Block(
                        setting, runs * (number + 1) // parts - runs * number // parts, number
                    )


def book_blocks() -> Iterator[Block]:
    """The blocks whose counts come with the library, those of small batches first."""
    (point,) = Grid(k=(_K,), warmup=(0,))
    for plan, time in ((_RUNS, _TIME), (_LONG_RUNS, _LONG)):
        for batch, by_step in plan.items():
            for multiple, runs in by_step.items():
                yield from blocks(
                    [point], batches=[batch], multiples=[float(multiple)], time=time, runs=runs
                )


def evaluate(seed: int, block: Block) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run one block.

    Parameters
    ----------
    seed : int
        At least 0.
    block : Block
        What to run.

    Returns
    -------
    counts : dict
        ``descent_success``, and lists ``optimum``, ``trap`` and ``saved``, as in `Counts`.
    origin : dict
        Versions of what computed them.
    """
    setting = block.setting
    teacher = setting.teacher()
    steps = StepSizes.constant(setting.output_step, setting.filter_step)
    rng = block.rng(seed)
    start = minibatch.state(teacher, sample_ball(block.runs, setting.k, teacher.start_radius, rng))
    # With long steps some starts end in cycles, and count as failures: no use in waiting for them.
    patience = int(_PATIENCE * setting.k**2 / min(setting.multiple, 1.0))
    whole = minibatch.reduced_state(teacher, start)
    plain = classify(teacher, whole, steps, patience=patience).success
    run = minibatch.descend(
        teacher,
        start,
        steps,
        batch=setting.batch,
        iterations=setting.iterations,
        rng=rng,
        record_every=setting.iterations // setting.records,
    )
    places = [
        whereabouts(teacher, ReducedState(*(column[row] for column in run.path)))
        for row in range(1, setting.records + 1)
    ]
    counts = {
        "descent_success": int(np.sum(plain)),
        "optimum": [int(np.sum(place == Place.OPTIMUM)) for place in places],
        "trap": [int(np.sum(place == Place.TRAP)) for place in places],
        "saved": [int(np.sum((place == Place.OPTIMUM) & ~plain)) for place in places],
    }
    return counts, versions()


def run_blocks(
    path: str | os.PathLike[str],
    blocks: Iterable[Block],
    *,
    seed: int = 0,
    workers: executors.Workers | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[Counts]:
    """Run what is missing of some blocks in a results file, then return all of its counts.

    Parameters
    ----------
    path : path-like
        The results file; it is created if it does not exist, and grows by further blocks.
    blocks : iterable of Block
        What to run.
    seed : int, default 0
        Seed of the file: another one needs another file.
    workers : Workers, optional
        Where to work; by default in this process.
    progress : callable, optional
        Called with the numbers of finished and of all blocks, at the beginning and after each.

    Returns
    -------
    list of Counts
        One for each setting in the file, in the order of `summarise`.

    Raises
    ------
    ValueError
        If a block or the seed makes no sense; nothing has been run then.
    ResultsFileError
        If the file is damaged, in use, of another seed or, with blocks missing, of other versions.
    """
    wanted = list(dict.fromkeys(blocks))
    check_size("seed", seed if seed != 0 else 1)
    for block in wanted:
        _check(block)
    with ResultsFile(path, {"minibatch": {"seed": seed}}, versions()) as file:
        found = {_block(record): record["counts"] for record in file.records}
        missing = [block for block in wanted if block not in found]
        if missing:
            check_versions(file.origin, versions(), f"{file.path} was begun with")
        if progress:
            progress(len(wanted) - len(missing), len(wanted))
        done = len(wanted) - len(missing)
        work = partial(evaluate, seed)
        with closing(
            executors.results(workers or executors.processes(1), work, missing)
        ) as results:
            for block, (counts, origin) in results:
                check_versions(origin, file.origin, "a worker has")
                file.append(
                    {
                        "setting": block.setting._asdict(),
                        "runs": block.runs,
                        "number": block.number,
                        "counts": counts,
                    }
                )
                found[block] = counts
                done += 1
                if progress:
                    progress(done, len(wanted))
    return summarise(found)


def _check(block: Block) -> None:
    setting = block.setting
    for name in ("k", "p", "iterations", "records", "batch"):
        check_size(name, getattr(setting, name))
    check_size("runs", block.runs)
    if setting.iterations % setting.records:
        raise ValueError(
            f"iterations = {setting.iterations}: give a multiple of records = {setting.records}"
        )
    for name in ("output_step", "filter_step"):
        if not check_finite(name, getattr(setting, name)) > 0:
            raise ValueError(f"{name} = {getattr(setting, name)}: give a positive number")
    if setting.p < 2:
        raise ValueError("p = 1: the filter has two directions and cannot turn; take p >= 2")
    setting.teacher()


def _block(record: dict[str, Any]) -> Block:
    return Block(Setting(**record["setting"]), record["runs"], record["number"])


def summarise(found: dict[Block, dict[str, Any]]) -> list[Counts]:
    """Add up blocks by their settings.

    Parameters
    ----------
    found : dict of Block to dict
        Counts of every block.

    Returns
    -------
    list of Counts
        In ascending order of the setting, the batch changing fastest.
    """
    sums: dict[Setting, Counts] = {}
    for block, counts in found.items():
        old = sums.get(block.setting, Counts(block.setting, 0, 0, (), (), ()))
        new = {"runs": block.runs} | counts
        sums[block.setting] = Counts(
            block.setting,
            *(_added(getattr(old, name), new[name]) for name in list(asdict(old))[1:]),
        )
    return [sums[setting] for setting in sorted(sums)]


def _added(old: Any, new: Any) -> Any:
    if isinstance(new, int):
        return old + new
    return tuple(map(sum, zip(old or [0] * len(new), new, strict=True)))


def shipped() -> list[Counts]:
    """The counts that come with the library, made by ``python -m shortcutlib minibatch-sweep``.

    Returns
    -------
    list of Counts
    """
    text = resources.files("shortcutlib").joinpath(_SHIPPED).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    return summarise({_block(r["record"]): r["record"]["counts"] for r in records if "record" in r})
