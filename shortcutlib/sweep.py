"""Sweeps: success probabilities over a grid, one durable file, any number of workers.

A sweep can be killed at any moment and started again: what is in its file stays, and only what is
missing is computed.  Every number depends on its own point alone, not on which worker computes it.
"""

import math
import os
import platform
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cache, partial
from importlib import metadata, util
from typing import Any, ClassVar

import numpy as np

from shortcutlib import __version__, executors
from shortcutlib.grid import Grid, Point
from shortcutlib.outcomes import classify
from shortcutlib.results_file import ResultsFile, ResultsFileError
from shortcutlib.starts import sample_reduced
from shortcutlib.success import BLOCK
from shortcutlib.teacher import check_finite, check_size
from shortcutlib.wilson import wilson_interval

__all__ = ["Exact", "Method", "Simulated", "Sweep", "run_sweep"]


@dataclass(frozen=True)
class Exact:
    """Success probabilities by quadrature, see `shortcutlib.exact`.

    Parameters
    ----------
    tolerance : float, default 1e-8
        Accuracy sought, in [1e-12, 0.01].

    Raises
    ------
    ValueError
        If the tolerance is out of range.
    ImportError
        If SciPy is missing.
    """

    tolerance: float = 1e-8

    #: What is found for every point.
    answers: ClassVar = ("success_rate", "error_estimate")

    def __post_init__(self) -> None:
        if not 1e-12 <= check_finite("tolerance", self.tolerance) <= 0.01:
            raise ValueError(f"tolerance = {self.tolerance}: give a number in [1e-12, 0.01]")
        if util.find_spec("scipy") is None:
            raise ImportError(
                "exact probabilities need SciPy: pip install scipy (or shortcutlib[exact]), "
                "or take the method 'simulated'"
            )

    def as_dict(self) -> dict[str, Any]:
        """The method as it is recorded."""
        return {"method": "exact", "tolerance": float(self.tolerance)}

    def __call__(self, point: Point) -> dict[str, Any]:
        """The success probability at a point, and its error estimate."""
        from shortcutlib.exact import success_probability

        found = success_probability(point.teacher(), point.steps(), tolerance=self.tolerance)
        return {"success_rate": found.probability, "error_estimate": found.error_estimate}


@dataclass(frozen=True)
class Simulated:
    """Success rates over random starts.

    Parameters
    ----------
    trials : int, default 5000
        Number of random starts a point.
    seed : int, default 0
        Seed; the random stream of a point depends on the seed and the point alone.

    Raises
    ------
    ValueError
        If a number makes no sense.
    """

    trials: int = 5000
    seed: int = 0

    #: What is found for every point.
    answers: ClassVar = ("success_rate", "low", "high")

    def __post_init__(self) -> None:
        check_size("trials", self.trials)
        check_size("seed", self.seed if self.seed != 0 else 1)
        if self.seed >= 2**63:
            raise ValueError(f"seed = {self.seed}: give a number below 2^63")

    def as_dict(self) -> dict[str, Any]:
        """The method as it is recorded."""
        return {"method": "simulated", "trials": int(self.trials), "seed": int(self.seed)}

    def __call__(self, point: Point) -> dict[str, Any]:
        """The success rate at a point, and its 95% Wilson interval."""
        teacher, steps = point.teacher(), point.steps()
        successes = 0
        for block, begin in enumerate(range(0, self.trials, BLOCK)):
            size = min(BLOCK, self.trials - begin)
            starts = sample_reduced(teacher, size, point.rng(self.seed, block))
            outcomes = classify(teacher, starts, steps)
            decided = outcomes.success | outcomes.trapped | outcomes.diverged
            if not np.all(decided):
                raise RuntimeError(f"{np.sum(~decided)} of {size} trials are undecided")
            successes += int(np.sum(outcomes.success))
        low, high = wilson_interval(successes, self.trials)
        return {"success_rate": successes / self.trials, "low": low, "high": high}


Method = Exact | Simulated


@dataclass(frozen=True)
class Sweep:
    """A grid of points, and how each is evaluated.

    Parameters
    ----------
    grid : Grid
        The points.
    method : Exact or Simulated
        How to evaluate a point.
    """

    grid: Grid
    method: Method

    def as_dict(self) -> dict[str, Any]:
        """The configuration, for JSON."""
        return self.method.as_dict() | self.grid.as_dict()

    @classmethod
    def from_dict(cls, configuration: dict[str, Any]) -> "Sweep":
        """The sweep that `as_dict` described.

        Parameters
        ----------
        configuration : dict
            As from `as_dict`.

        Returns
        -------
        Sweep
        """
        axes = dict(configuration)
        kind: type[Method] = Exact if axes.pop("method") == "exact" else Simulated
        settings = {field.name: axes.pop(field.name) for field in fields(kind)}
        return cls(Grid.from_dict(axes), kind(**settings))


def run_sweep(
    path: str | os.PathLike[str],
    sweep: Sweep | None = None,
    *,
    workers: executors.Workers | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Sweep, list[dict[str, Any]]]:
    """Evaluate what is missing from a results file, then return all of it.

    Parameters
    ----------
    path : path-like
        The results file; it is created if it does not exist.
    sweep : Sweep, optional
        What to evaluate; by default what an existing file was begun with.
    workers : Workers, optional
        Where to work; by default in this process.
    progress : callable, optional
        Called with the numbers of finished and of all points, at the beginning and after each.

    Returns
    -------
    sweep : Sweep
        What was evaluated.
    rows : list of dict
        One for each point, in the order of the grid: the point, the result, and under ``problem``
        why there is none, or None.

    Raises
    ------
    ResultsFileError
        If the file is damaged, in use, or belongs to another sweep or, being unfinished, to other
        versions of the library, NumPy or SciPy.
    WorkersLostError
        If workers keep dying.  Whatever ends a run, all finished points are safe in the file.
    OSError
        If the file cannot be read or written.
    """
    with ResultsFile(path, sweep.as_dict() if sweep else None, versions()) as file:
        sweep = sweep or Sweep.from_dict(file.configuration)
        points = list(sweep.grid)
        found = _collect(file, points)
        missing = [point for point in points if point not in found]
        if missing:
            check_versions(file.origin, versions(), f"{file.path} was begun with")
        if progress:
            progress(len(found), len(points))
        work = partial(evaluate, sweep.method)
        with closing(
            executors.results(workers or executors.processes(1), work, missing)
        ) as results:
            for point, (result, origin) in results:
                check_versions(origin, file.origin, "a worker has")
                file.append({"point": point._asdict(), "result": result})
                found[point] = result
                if progress:
                    progress(len(found), len(points))
    method = sweep.method.as_dict()
    return sweep, [point._asdict() | method | found[point] for point in points]


def evaluate(method: Method, point: Point) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evaluate one point, on a worker.

    Parameters
    ----------
    method : Exact or Simulated
        How.
    point : Point
        Where.

    Returns
    -------
    result : dict
        What the method returns; a point that has no answer (step sizes under which no border
        exists, for example) is a result too, and does not end the sweep.
    origin : dict
        `versions` of the worker.
    """
    result: dict[str, Any] = dict.fromkeys(method.answers) | {"problem": None}
    try:
        answer = method(point)
        if all(math.isfinite(value) for value in answer.values()):
            result |= answer
        else:
            result["problem"] = f"the answer is not a number: {answer}"
    except (RuntimeError, ValueError) as problem:
        result["problem"] = str(problem)
    return result, versions()


@cache
def versions() -> dict[str, Any]:
    """Versions of everything that can change the last digit of a result."""
    try:
        scipy = metadata.version("scipy")
    except metadata.PackageNotFoundError:
        scipy = None
    return {
        "shortcutlib": __version__,
        "numpy": np.__version__,
        "scipy": scipy,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def check_versions(ours: dict[str, Any], others: dict[str, Any], owner: str) -> None:
    """Refuse to mix numbers from different versions in one file."""
    for name in ("shortcutlib", "numpy", "scipy"):
        if ours.get(name) != others.get(name):
            raise ResultsFileError(
                f"{owner} {name} {ours.get(name)}, not {others.get(name)}: finish the sweep with "
                "the versions it was begun with, or begin another file"
            )


def _collect(file: ResultsFile, points: Sequence[Point]) -> dict[Point, dict[str, Any]]:
    """The results in a file, by point."""
    known = set(points)
    found: dict[Point, dict[str, Any]] = {}
    for record in file.records:
        point = Point(**record["point"])
        result = record["result"]
        if point not in known or found.get(point, result) != result:
            raise ResultsFileError(f"{file.path} is damaged: {point} does not belong there")
        found[point] = result
    return found
