"""Residual units against linear predictors: landscape, bounds along a descent, ends, SGD."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.figures.style import (
    GLOBAL,
    INK,
    MUTED,
    SHORTCUT,
    SPURIOUS,
    book_style,
    label_directly,
    look,
    tint,
)
from shortcutlib.linear_bound.bounds import stationary_at_zero
from shortcutlib.linear_bound.linear import best_joint, best_linear
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = [
    "bounds_figure",
    "ends_figure",
    "runaway_figure",
    "shoreline_figure",
    "stochastic_figure",
    "values_on_grid",
]


def values_on_grid(unit: ResidualUnit, w: FloatArray, V: FloatArray) -> FloatArray:
    """F over a grid, for one input and one feature.

    Parameters
    ----------
    unit : ResidualUnit
        With d = m = 1.
    w, V : ndarray
        Grid lines.

    Returns
    -------
    ndarray, shape (len(V), len(w))
    """
    return np.array([[unit.value([a], [[b]]) for a in w] for b in V])


def shoreline_figure(unit: ResidualUnit) -> Figure:
    """The landscape of a unit with one input and one feature, flooded above the line.

    Parameters
    ----------
    unit : ResidualUnit
        With d = m = 1.

    Returns
    -------
    matplotlib.figure.Figure
        What lies above the best linear predictor is tinted; arrows point down the gradient.
    """
    w, V = np.linspace(-0.6, 1.8, 97), np.linspace(-3.5, 2.5, 97)
    values = values_on_grid(unit, w, V)
    line = best_linear(unit)
    joint = best_joint(unit).weights
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.6), dpi=110)
        flooded = [line.value, values.max()]
        axes.contourf(w, V, values, levels=flooded, colors=[tint(SPURIOUS, 0.22)])
        axes.contour(w, V, values, levels=[line.value], colors=[GLOBAL], linewidths=2.2)
        few_w, few_V = w[3::8], V[3::8]
        slopes = np.array(
            [[[g.item() for g in unit.gradient([a], [[b]])] for a in few_w] for b in few_V]
        )
        # Arrows of one length on the page: only their directions matter.
        down = -slopes / np.array([np.ptp(w), np.ptp(V)])
        down /= np.maximum(np.linalg.norm(down, axis=2, keepdims=True), 1e-12)
        axes.quiver(
            few_w, few_V, down[..., 0], down[..., 1], color=INK, width=0.004, scale=26, pivot="mid"
        )
        axes.axvline(0, color=MUTED, linewidth=1.2)
        saddle = stationary_at_zero(unit)[0, 0]
        axes.plot([0], [saddle], "D", color=INK, markeredgecolor="white", markersize=9, zorder=5)
        label_directly(axes, "saddle", (0, saddle), INK, offset=(10, -10))
        best = (joint[0], joint[1] / joint[0])
        axes.plot([best[0]], [best[1]], zorder=5, **look("global", marker=True))
        label_directly(axes, "minimum", best, GLOBAL, offset=(10, 4))
        axes.plot([line.weights[0]], [0], zorder=5, **look("neutral", marker=True))
        label_directly(axes, "best linear", (line.weights[0], 0), MUTED, offset=(10, 6))
        label_directly(axes, "above the best line", (1.75, 2.2), SPURIOUS, ha="right")
        axes.set_xlabel("output weight $w$")
        axes.set_ylabel("branch weight $V$")
        axes.set_xlim(w[0], w[-1])
        axes.set_ylim(V[0], V[-1])
    return figure


def bounds_figure(way: dict[str, NDArray[Any]]) -> Figure:
    """Gap, gradient and the two bounds on the gradient along one descent.

    Parameters
    ----------
    way : dict of str to ndarray
        As from `shortcutlib.linear_bound.experiments.tightness`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.2), dpi=120)
        steps = way["iteration"] + 1
        lines = (
            ("gradient", "length of the gradient", "global"),
            ("sharp", "bound with the length of $G$", "student"),
            ("printed", "Theorem 1", "spurious"),
        )
        for name, label, meaning in lines:
            axes.plot(steps, way[name], **look(meaning), label=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("step + 1, until the line is reached")
        axes.legend(loc="lower left")
    return figure


def ends_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Where descents ended, between the best linear predictor and the best joint one.

    Parameters
    ----------
    rows : sequence of dict
        As from `shortcutlib.linear_bound.experiments.recorded("descents")`.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each problem; 1 is the best predictor linear in x, 0 that in x and z.
    """
    problems = list(dict.fromkeys((row["data"], row["loss"]) for row in rows))
    meanings = {
        "gaussian": "student",
        "large V": "spurious",
        "saddle": "shortcut",
        "near the saddle": "global",
    }
    with book_style():
        figure, axes = plt.subplots(figsize=(6.6, 4.6), dpi=120)
        for place, key in enumerate(problems):
            for offset, (kind, meaning) in enumerate(meanings.items()):
                chosen = [r for r in rows if (r["data"], r["loss"], r["kind"]) == (*key, kind)]
                shares = [(r["end"] - r["joint"]) / (r["linear"] - r["joint"]) for r in chosen]
                style = look(meaning, marker=True) | {"linestyle": "", "alpha": 0.8}
                style["markersize"] = 0.8 * style["markersize"]
                height = np.full(len(shares), place + 0.18 * (1.5 - offset))
                axes.plot(shares, height, **style, label=kind if place == 0 else None)
        axes.axvline(1, color=INK, linewidth=1.2)
        axes.axvline(0, color=MUTED, linewidth=1.2, linestyle=":")
        names = [f"{data},\n{loss}" for data, loss in problems]
        axes.set_yticks(range(len(problems)), names)
        axes.invert_yaxis()
        axes.set_xlim(-0.05, 1.1)
        axes.set_xlabel("end of the descent: 1 best in $x$, 0 best in $x$ and $z$")
        figure.legend(loc="outside upper center", ncols=4, handletextpad=0.1, columnspacing=1.0)
    return figure


def runaway_figure(
    times: FloatArray, behind: FloatArray, before: FloatArray, *, floor: float, line: float
) -> Figure:
    """Loss against time on both sides of the wall.

    Parameters
    ----------
    times : ndarray
        Positive, increasing.
    behind, before : ndarray
        Losses of the flow that starts with w < 0, and of the other.
    floor : float
        What the first stays above.
    line : float
        Loss of the best linear predictor.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 3.8), dpi=120)
        axes.plot(times, behind, **look("spurious"))
        axes.plot(times, before, **look("global"))
        axes.axhline(floor, color=MUTED, linewidth=1, linestyle=":")
        axes.axhline(line, color=INK, linewidth=1)
        axes.set_xscale("log")
        axes.set_ylim(-0.03, 0.56)
        middle = len(times) // 2
        label_directly(
            axes, "start with w < 0", (times[middle], behind[middle]), SPURIOUS, offset=(6, 12)
        )
        label_directly(
            axes, "start with w > 0", (times[middle], before[middle]), GLOBAL, offset=(6, 12)
        )
        label_directly(axes, "floor", (times[0], floor), MUTED, offset=(4, -9))
        axes.set_xlabel("time")
        axes.set_ylabel("loss $F$")
    return figure


def stochastic_figure(rows: Sequence[dict[str, Any]], bounds: dict[int, float]) -> Figure:
    """Excess of SGD over the best linear predictor of the ball, against the number of steps.

    Parameters
    ----------
    rows : sequence of dict
        As from `shortcutlib.linear_bound.experiments.recorded("sgd")`.
    bounds : dict of int to float
        For every number of steps, what Theorem 4 allows.

    Returns
    -------
    matplotlib.figure.Figure
        Medians with the range of nineteen in twenty runs.
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4), dpi=120)
        steps = sorted(bounds)
        axes.plot(steps, [bounds[t] for t in steps], color=INK, linewidth=1.4)
        label_directly(axes, "Theorem 4, 95%", (steps[2], bounds[steps[2]]), INK, offset=(6, 8))
        for train, meaning, name in (
            (False, "spurious", "hidden layer random"),
            (True, "student", "hidden layer trained"),
        ):
            chosen = [row for row in rows if row["train_hidden"] is train]
            values = np.array([row["mean"] for row in chosen])
            low, middle, high = np.quantile(values, [0.025, 0.5, 0.975], axis=1)
            colour = look(meaning)["color"]
            axes.fill_between(steps, low, high, color=tint(colour, 0.25), linewidth=0)
            axes.plot(steps, middle, **look(meaning, marker=True))
            label_directly(
                axes, name, (steps[2], middle[2]), colour, offset=(4, 16 if not train else -18)
            )
        axes.axhline(0, color=SHORTCUT, linewidth=1.2)
        label_directly(
            axes,
            "best linear predictor of the ball",
            (steps[-1], 0),
            SHORTCUT,
            offset=(0, 8),
            ha="right",
        )
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=0.1)
        axes.set_yticks([-0.1, 0, 0.1, 1, 10], ["−0.1", "0", "0.1", "1", "10"])
        axes.set_xlabel("steps $T$")
        axes.set_ylabel("mean excess over the iterates")
    return figure
