"""Success of stochastic gradient descent against batch and step: a sweep that can be interrupted.

Every block of runs draws its starts, asks the exact reduction where plain gradient descent leads
them, trains them on sampled inputs and counts who ends on which side of phi = pi/2.  Comparing the
same starts tells far more than two rates would: how many runs the noise *saves*, and how many it
*loses*.  The counts of one such sweep come with the library (`shipped`).
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from shortcutlib import executors, minibatch
from shortcutlib.outcomes import classify
from shortcutlib.results_file import ResultsFile
from shortcutlib.starts import sample_ball
from shortcutlib.step_sizes import StepSizes
from shortcutlib.sweep import check_versions, versions
from shortcutlib.teacher import Teacher, check_finite, check_size
from shortcutlib.wilson import wilson_interval

__all__ = ["Block", "Counts", "evaluate", "run_blocks", "shipped", "summarise"]

_SHIPPED = "minibatch.jsonl"
#: Steps of plain descent after which a start counts as a failure, in units of k^2.
_PATIENCE_PER_SQUARE = 200


class Block(NamedTuple):
    """Some runs of one setting, of the teacher of the paper's section 4 with p = 8 and N = 6 k.

    Attributes
    ----------
    k : int
        Number of patches.
    batch : int
        Inputs a step.
    multiple : float
        eta_a = eta_w = multiple/k^2, without warm-up.
    iterations : int
        Steps of each run.
    runs : int
        Number of runs.
    number : int
        Number of the block: blocks of one setting have independent random streams.
    """

    k: int
    batch: int
    multiple: float
    iterations: int
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
    k, batch, multiple, iterations
        As for `Block`.
    runs : int
        Number of runs.
    success : int
        Runs that end with phi < pi/2.
    descent_success : int
        Starts that plain gradient descent would lead to the global optimum.
    saved, lost : int
        Runs on whose fate the two differ: only the stochastic run succeeds, or only the plain one.
    """

    k: int
    batch: int
    multiple: float
    iterations: int
    runs: int
    success: int
    descent_success: int
    saved: int
    lost: int

    @property
    def rate(self) -> float:
        """Success rate of the stochastic runs."""
        return self.success / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """95% Wilson interval of `rate`."""
        return wilson_interval(self.success, self.runs)

    @property
    def gain(self) -> tuple[float, float]:
        """Estimated difference to plain descent's success rate, and its standard error."""
        mean = (self.saved - self.lost) / self.runs
        square = (self.saved + self.lost) / self.runs
        # One more disagreement than counted keeps the error honest when there were none.
        spread = max(square - mean**2, 1 / self.runs)
        return mean, float(np.sqrt(spread / self.runs))


def evaluate(seed: int, block: Block) -> tuple[dict[str, int], dict[str, Any]]:
    """Run one block.

    Parameters
    ----------
    seed : int
        At least 0.
    block : Block
        What to run.

    Returns
    -------
    counts : dict of str to int
        ``success``, ``descent_success``, ``saved`` and ``lost``, as in `Counts`.
    origin : dict
        Versions of what computed them.
    """
    teacher = Teacher.section_4(block.k)
    step = block.multiple / block.k**2
    steps = StepSizes.constant(step, step)
    rng = block.rng(seed)
    a = sample_ball(block.runs, block.k, teacher.start_radius, rng)
    start = minibatch.state(teacher, a)
    # With long steps some starts end in cycles, and count as failures: no use in waiting for them.
    patience = int(_PATIENCE_PER_SQUARE * block.k**2 / min(block.multiple, 1.0))
    whole = minibatch.reduced_state(teacher, start)
    plain = classify(teacher, whole, steps, patience=patience).success
    run = minibatch.descend(
        teacher, start, steps, batch=block.batch, iterations=block.iterations, rng=rng
    )
    won = run.state.angle < np.pi / 2
    counts = {
        "success": int(np.sum(won)),
        "descent_success": int(np.sum(plain)),
        "saved": int(np.sum(won & ~plain)),
        "lost": int(np.sum(~won & plain)),
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
        for name in ("k", "batch", "iterations", "runs"):
            check_size(name, getattr(block, name))
        if not check_finite("multiple", block.multiple) > 0:
            raise ValueError(f"multiple = {block.multiple}: give a positive number")
    with ResultsFile(path, {"minibatch": {"seed": seed}}, versions()) as file:
        found = {Block(**record["block"]): record["counts"] for record in file.records}
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
                file.append({"block": block._asdict(), "counts": counts})
                found[block] = counts
                done += 1
                if progress:
                    progress(done, len(wanted))
    return summarise(found)


def summarise(found: dict[Block, dict[str, int]]) -> list[Counts]:
    """Add up blocks by their settings.

    Parameters
    ----------
    found : dict of Block to dict
        Counts of every block.

    Returns
    -------
    list of Counts
        In ascending order of k, multiple, iterations and batch.
    """
    sums: dict[tuple[int, float, int, int], dict[str, int]] = {}
    for block, counts in found.items():
        key = (block.k, block.multiple, block.iterations, block.batch)
        entry = sums.setdefault(key, dict.fromkeys(("runs", *counts), 0))
        for name, value in (counts | {"runs": block.runs}).items():
            entry[name] += value
    return [
        Counts(k=k, multiple=multiple, iterations=iterations, batch=batch, **sums[key])
        for key in sorted(sums)
        for k, multiple, iterations, batch in [key]
    ]


def shipped() -> list[Counts]:
    """The counts that come with the library, made by ``benchmarks/minibatch_sweep.py``.

    Returns
    -------
    list of Counts
    """
    text = resources.files("shortcutlib").joinpath(_SHIPPED).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    return summarise(
        {Block(**r["record"]["block"]): r["record"]["counts"] for r in records if "record" in r}
    )
