"""Stochastic training: clouds of runs, success rates by batch, the angle in the trap."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from shortcutlib import minibatch
from shortcutlib.figures.landscape import label_angles
from shortcutlib.figures.style import (
    HAIRLINE,
    INK,
    LOOKS,
    MUTED,
    NEUTRAL,
    book_style,
    label_directly,
    label_panel,
    look,
)
from shortcutlib.minibatch_sweep import Counts
from shortcutlib.starts import sample_ball
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["angle_figure", "cloud_figure", "gain_figure"]

#: Meanings whose looks tell several series apart.
_SERIES = ("global", "student", "shortcut", "spurious", "teacher")


def cloud_figure(
    teacher: Teacher,
    steps: StepSizes,
    batches: Sequence[int],
    *,
    runs: int,
    iterations: int,
    shown: int = 4,
    seed: int,
) -> Figure:
    """Where stochastic runs are after some steps, with a few of their paths.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    steps : StepSizes
        Step sizes over time.
    batches : sequence of int
        One panel for each batch size.
    runs : int
        Runs a panel; all panels have the same starts.
    iterations : int
        Steps of each run.
    shown : int, default 4
        Runs whose paths are drawn.
    seed : int
        Seed of starts and inputs.

    Returns
    -------
    matplotlib.figure.Figure
    """
    a = sample_ball(runs, teacher.k, teacher.start_radius, np.random.default_rng(seed))
    start = minibatch.state(teacher, a)
    with book_style():
        figure, panels = plt.subplots(
            len(batches), 1, figsize=(6.0, 3.1 * len(batches)), squeeze=False, sharex=True
        )
        for number, batch in enumerate(batches):
            axes = panels[number, 0]
            rng = np.random.default_rng([seed, batch])
            run = minibatch.descend(
                teacher, start, steps, batch=batch, iterations=iterations, rng=rng,
                record_every=max(1, iterations // 200),
            )  # fmt: skip
            angle, q = run.path.angle, run.path.alignment / teacher.norm_squared
            axes.axhline(0, color=HAIRLINE, linewidth=1)
            axes.axvline(np.pi / 2, color=HAIRLINE, linewidth=1)
            for i in range(shown):
                axes.plot(angle[:, i], q[:, i], color=MUTED, linewidth=0.7, alpha=0.7)
            won = angle[-1] < np.pi / 2
            for meaning, chosen in (("global", won), ("spurious", ~won)):
                style = look(meaning, marker=True) | {"linestyle": "none", "markersize": 5}
                axes.plot(angle[-1, chosen], q[-1, chosen], **style)
            axes.plot(angle[0], q[0], ".", color=INK, markersize=2.5, zorder=4)
            axes.set_ylabel("$q/N$")
            axes.set_ylim(-0.75, 1.3)
            title = f"$B = {batch}$: {np.mean(won):.0%} succeed"
            label_panel(axes, "abcdef"[number], title)
        label_angles(panels[-1, 0])
    return figure


def gain_figure(counts: Sequence[Counts]) -> Figure:
    """What noise adds to the success rate, with 95% intervals, by batch and step size.

    Parameters
    ----------
    counts : sequence of Counts
        Of one k.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.4))
        axes.axhline(0, color=NEUTRAL, linestyle=(0, (2, 2)))
        multiples = sorted({c.multiple for c in counts})
        for number, (multiple, meaning) in enumerate(zip(multiples, _SERIES, strict=False)):
            row = sorted((c for c in counts if c.multiple == multiple), key=lambda c: c.batch)
            batch = np.array([c.batch for c in row]) * 1.09 ** (number - 1.5)
            gain, error = np.array([c.gain for c in row]).T
            axes.errorbar(
                batch, gain, yerr=1.96 * error, capsize=2.5,
                label=rf"$\eta = {multiple:g}/k^2$", **look(meaning, marker=True),
            )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_xlabel("inputs in a batch, $B$")
        axes.set_ylabel("success rate, minus plain descent's")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    return figure


def angle_figure(
    temperature: Sequence[float], quartiles: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    curve: tuple[Sequence[float], np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
) -> Figure:  # fmt: skip
    """Angles of trapped runs against eta_w/B: simulated quartiles on the predicted ones.

    Parameters
    ----------
    temperature : sequence of float
        Values of eta_w/B.
    quartiles : ndarray, shape (n, 3)
        Simulated quartiles of pi - phi.
    curve : tuple
        Values of eta_w/B, and the predicted quartiles there, shape (m, 3).

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.2, 4.2))
        x, predicted = curve
        axes.fill_between(
            x, predicted[:, 0], predicted[:, 2], color=LOOKS["global"].colour, alpha=0.18
        )
        axes.plot(x, predicted[:, 1], **look("global"))
        axes.errorbar(
            temperature,
            quartiles[:, 1],
            yerr=[quartiles[:, 1] - quartiles[:, 0], quartiles[:, 2] - quartiles[:, 1]],
            capsize=3,
            **look("spurious", marker=True) | {"linestyle": "none"},
        )
        axes.axhline(np.pi / 2, color=NEUTRAL, linestyle=(0, (2, 2)))
        label_directly(axes, "a right angle", (x[0], np.pi / 2), NEUTRAL, offset=(2, -9))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(FixedLocator([0.25, 0.5, 1.0, 2.0]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(r"step size over batch size, $\eta_w/B$")
        axes.set_ylabel(r"angle from the trap, $\pi - \phi$")
    return figure
