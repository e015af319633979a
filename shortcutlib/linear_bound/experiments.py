"""The chapter's experiments: descents on real data, and Theorem 4's SGD; resumable.

``python -m shortcutlib linear-bound descents FILE`` and ``... sgd FILE`` make the files that come
with the library; `recorded` reads those.
"""

import json
import os
from collections.abc import Callable
from contextlib import closing
from importlib import resources
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from shortcutlib import executors
from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.bounds import (
    gradient_bound,
    sharp_gradient_bound,
    stationary_at_zero,
)
from shortcutlib.linear_bound.datasets import PROBLEMS, load, problem
from shortcutlib.linear_bound.descent import Descent, Ending, descend
from shortcutlib.linear_bound.linear import best_joint, best_linear
from shortcutlib.linear_bound.losses import LOGISTIC
from shortcutlib.linear_bound.sgd import SkipSetting, best_linear_in_ball, skip_sgd
from shortcutlib.linear_bound.unit import ResidualUnit
from shortcutlib.results_file import ResultsFile, ResultsFileError
from shortcutlib.sweep import versions

__all__ = [
    "KINDS",
    "STEPS",
    "DescentPoint",
    "Experiment",
    "SgdPoint",
    "points",
    "recorded",
    "run_experiment",
    "skip_setting",
    "start",
    "tightness",
]

Experiment = Literal["descents", "sgd"]
Kind = Literal["gaussian", "large V", "saddle", "near the saddle"]

#: How a descent may start.
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Lengths of the runs of stochastic gradient descent.
STEPS = (100, 300, 1000, 3000, 10_000, 30_000)
#: Steps of a descent, and most steps of one that is still above the best linear predictor.
ITERATIONS, PATIENCE = 5000, 5_000_000
#: Runs of stochastic gradient descent for each length.
RUNS = 200


class DescentPoint(NamedTuple):
    """One descent: data, loss, number of the start."""

    data: str
    loss: str
    number: int


class SgdPoint(NamedTuple):
    """Runs of one length, with the hidden layer trained or moved at random."""

    steps: int
    train_hidden: bool
    seed: int


def start(unit: ResidualUnit, kind: str, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A start of one of the four kinds.

    Parameters
    ----------
    unit : ResidualUnit
    kind : {"gaussian", "large V", "saddle", "near the saddle"}
        Gaussian entries of a random scale; the same with a V ten times as large; a random V among
        those that make (0, V) stationary; a millionth away from one of those.
    rng : numpy.random.Generator

    Returns
    -------
    w, V : ndarray

    Raises
    ------
    ValueError
        If the kind is unknown.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r}: choose one of {', '.join(KINDS)}")
    w = rng.standard_normal(unit.d) / np.sqrt(unit.d)
    V = rng.standard_normal((unit.d, unit.m)) / np.sqrt(unit.m)
    if kind in ("gaussian", "large V"):
        scale = 10 ** rng.uniform(-1, 0.5)
        return scale * w, scale * V * (10 if kind == "large V" else 1)
    in_z = unit.slopes(np.zeros(unit.d), np.zeros_like(V))[1]
    free = V - np.outer(V @ in_z, in_z) / (in_z @ in_z)
    nudge = 0.0 if kind == "saddle" else 1e-6
    return nudge * w, stationary_at_zero(unit) + free + nudge * V


def tightness(unit: ResidualUnit, run: Descent, w_star: FloatArray) -> dict[str, FloatArray]:
    """How near the gradient came to Theorem 1's bound, at the recorded iterates above the line.

    Parameters
    ----------
    unit : ResidualUnit
    run : Descent
    w_star : ndarray, shape (d,)
        The linear predictor to compare with.

    Returns
    -------
    dict of str to ndarray
        ``iteration``; ``gap``, F - F_lin(w*); ``gradient``; ``printed``, Theorem 1's bound on it;
        ``sharp``, the bound with the length of G itself.
    """
    line = unit.linear_value(w_star)
    rows = [
        (
            r.iteration,
            r.value - line,
            r.gradient,
            gradient_bound(unit, *p, w_star),
            sharp_gradient_bound(unit, *p, w_star),
        )
        for r, p in zip(run.record, run.points, strict=True)
        if r.value > line and np.any(p[0])
    ]
    names = ("iteration", "gap", "gradient", "printed", "sharp")
    columns = np.array(rows, dtype=float).reshape(-1, len(names)).T
    return dict(zip(names, columns, strict=True))


def skip_setting() -> SkipSetting:
    """Theorem 4's setting of the chapter: breast cancer, logistic loss, eight hidden units."""
    inputs, targets = load("breast cancer")
    # Inputs of length at most 1 keep the Lipschitz constant small.
    inputs = inputs / np.max(np.linalg.norm(inputs, axis=1))
    return SkipSetting(inputs, targets, LOGISTIC, hidden=8, radius=10.0, hidden_radius=5.0)


def points(experiment: str, size: int) -> list[Any]:
    """The pieces of an experiment.

    Parameters
    ----------
    experiment : {"descents", "sgd"}
    size : int
        Starts for each problem, or the seed of the stochastic runs.

    Returns
    -------
    list of DescentPoint or SgdPoint

    Raises
    ------
    ValueError
        If the experiment is unknown.
    """
    if experiment == "descents":
        return [DescentPoint(d, loss, n) for d, loss in PROBLEMS for n in range(size)]
    if experiment == "sgd":
        return [SgdPoint(steps, train, size) for train in (True, False) for steps in STEPS]
    raise ValueError(f"{experiment!r}: choose one of {', '.join(get_args(Experiment))}")


def evaluate(point: DescentPoint | SgdPoint) -> dict[str, Any]:
    """One piece of an experiment, on a worker."""
    return _descent(point) if isinstance(point, DescentPoint) else _sgd(point)


def _descent(point: DescentPoint) -> dict[str, Any]:
    number = point.number
    # Another network for every start: the theorem holds whatever theta is.
    depth = 1 + number % 3
    unit = problem(point.data, point.loss, m=8, depth=depth, seed=number)  # type: ignore[arg-type]
    kind = KINDS[number % len(KINDS)]
    w, V = start(unit, kind, np.random.default_rng([number, 1]))
    linear = best_linear(unit)
    run = descend(unit, w, V, iterations=ITERATIONS)
    steps, escapes, tightest = 0, 0, {"printed": 0.0, "sharp": 0.0}
    while True:
        way = tightness(unit, run, linear.weights)
        for name, best in tightest.items():
            tightest[name] = float(np.max(way[name] / way["gradient"], initial=best))
        below = [steps + r.iteration for r in run.record if r.value <= linear.value]
        steps, escapes = steps + run.iterations, escapes + run.escapes
        if below or run.ending is not Ending.SPENT or steps >= PATIENCE:
            break
        run = descend(unit, run.w, run.V, iterations=4 * ITERATIONS)
    return {
        "kind": kind,
        "depth": depth,
        "start": unit.value(w, V),
        "end": run.value,
        "linear": linear.value,
        "joint": best_joint(unit).value,
        "gradient": run.gradient,
        "iterations": steps,
        "escapes": escapes,
        "ending": run.ending.value,
        "below_from": below[0] if below else None,
        "tightest_printed": tightest["printed"],
        "tightest_sharp": tightest["sharp"],
    }


def _sgd(point: SgdPoint) -> dict[str, Any]:
    setting = skip_setting()
    rng = np.random.default_rng([point.seed, point.steps, int(point.train_hidden)])
    runs = skip_sgd(setting, steps=point.steps, runs=RUNS, rng=rng, train_hidden=point.train_hidden)
    linear = best_linear_in_ball(setting)[1]
    return {
        "linear": linear,
        "bl": setting.radius * setting.lipschitz,
        **{
            name: [float(f"{value:.6g}") for value in getattr(runs, name) - linear]
            for name in ("best", "mean", "last")
        },
    }


def run_experiment(
    path: str | os.PathLike[str],
    experiment: str,
    size: int,
    *,
    workers: executors.Workers | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[dict[str, Any]]:
    """Compute what is missing from a results file, then return all of it.

    Parameters
    ----------
    path : path-like
        The results file; created if it does not exist.
    experiment : {"descents", "sgd"}
    size : int
        Starts for each problem, or the seed of the stochastic runs.
    workers : Workers, optional
        Where to work; by default in this process.
    progress : callable, optional
        Called with the numbers of finished and of all pieces, at the beginning and after each.

    Returns
    -------
    list of dict
        One for each piece, in order.

    Raises
    ------
    ValueError
        If the experiment is unknown.
    ResultsFileError
        If the file is damaged, in use or belongs to something else.
    """
    wanted = points(experiment, size)
    with ResultsFile(path, {"experiment": experiment, "size": size}, versions()) as file:
        found = {type(wanted[0])(**record["point"]): record["result"] for record in file.records}
        if not set(found) <= set(wanted):
            raise ResultsFileError(f"{file.path} is damaged: a record does not belong there")
        missing = [point for point in wanted if point not in found]
        if progress:
            progress(len(found), len(wanted))
        with closing(
            executors.results(workers or executors.processes(1), evaluate, missing)
        ) as results:
            for point, result in results:
                file.append({"point": point._asdict(), "result": result})
                found[point] = result
                if progress:
                    progress(len(found), len(wanted))
    return [point._asdict() | found[point] for point in wanted]


def recorded(experiment: Experiment) -> list[dict[str, Any]]:
    """The results that come with the library.

    Parameters
    ----------
    experiment : {"descents", "sgd"}

    Returns
    -------
    list of dict
        As from `run_experiment`.

    Raises
    ------
    ValueError
        If the experiment is unknown.
    """
    if experiment not in get_args(Experiment):
        raise ValueError(f"{experiment!r}: choose one of {', '.join(get_args(Experiment))}")
    file = resources.files("shortcutlib.linear_bound") / "results" / f"{experiment}.jsonl"
    header, *lines = file.read_text(encoding="ascii").splitlines()
    size = json.loads(header)["configuration"]["size"]
    rows = [json.loads(line)["record"] for line in lines]
    order = {point: place for place, point in enumerate(points(experiment, size))}
    kind = type(next(iter(order)))
    rows.sort(key=lambda row: order[kind(**row["point"])])
    return [row["point"] | row["result"] for row in rows]
