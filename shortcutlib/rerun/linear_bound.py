"""The panel of the chapter on linear predictors: descents on real data."""

import numpy as np

from shortcutlib.linear_bound import best_linear, descend
from shortcutlib.linear_bound.datasets import Name, problem
from shortcutlib.linear_bound.experiments import KINDS, start
from shortcutlib.rerun.panel import RerunPanel, choice, whole
from shortcutlib.rerun.result import Experiment, Result

__all__ = ["below_the_line", "below_the_line_panel"]


def below_the_line(
    data: Name = "digits",
    loss: str = "logistic",
    kind: str = "saddle",
    features: int = 8,
    iterations: int = 1000,
    runs: int = 4,
    seed: int = 0,
) -> Experiment:
    """Train a residual unit, and compare it with the best linear predictor.

    Parameters
    ----------
    data : {"breast cancer", "diabetes", "digits"}
        Data set; the diabetes data go with the squared loss only.
    loss : {"squared", "logistic", "smoothed hinge"}
    kind : {"gaussian", "large V", "saddle", "near the saddle"}
        See `shortcutlib.linear_bound.experiments.start`.
    features : int, default 8
        Number of random features.
    iterations : int, default 1000
        Most steps of a run.
    runs : int, default 4
    seed : int, default 0
        Of the features and of the starts.

    Yields
    ------
    float
        Share of the runs done.

    Returns
    -------
    Result
    """
    unit = problem(data, loss, m=features, seed=seed)
    line = best_linear(unit).value
    rows, below = [], 0
    for number in range(runs):
        yield number / runs
        w, V = start(unit, kind, np.random.default_rng([seed, number]))
        run = descend(unit, w, V, iterations=iterations)
        passed = next((r.iteration for r in run.record if r.value <= line), None)
        below += run.value <= line
        rows.append(
            (
                str(number + 1),
                f"{run.record[0].value:.4g}",
                "never" if passed is None else f"{passed:,}",
                f"{run.value:.4f}",
                str(run.escapes),
            )
        )
    return Result(
        ("run", "loss at the start", "below the line from step", "at the end", "along curvature"),
        tuple(rows),
        f"The best linear predictor has the loss {line:.4f}. "
        f"{below} of {runs} runs ended at or below it.",
    )


def below_the_line_panel() -> RerunPanel:
    """Descents of a residual unit on real data, against the best linear predictor.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Descents on real data",
        below_the_line,
        {
            "data": choice(
                "digits", {n: n for n in ("digits", "breast cancer", "diabetes")}, "data"
            ),
            "loss": choice(
                "logistic", {n: n for n in ("logistic", "squared", "smoothed hinge")}, "loss"
            ),
            "kind": choice("saddle", {n: n for n in KINDS}, "start"),
            "features": whole(8, 1, 32, "features"),
            "iterations": choice(1000, {f"{n:,}": n for n in (100, 300, 1000, 3000)}, "steps"),
            "runs": whole(4, 1, 20, "runs"),
            "seed": whole(0, 0, 9999, "seed"),
        },
    )
