"""Stochastic training: clouds of runs, what holds at the optimum, the trap, escapes, rates."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from shortcutlib import minibatch, noise_stability
from shortcutlib.angles import FloatArray
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
from shortcutlib.reduced import ReducedState
from shortcutlib.starts import sample_ball
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher
from shortcutlib.whereabouts import Place, whereabouts
from shortcutlib.wilson import wilson_interval

__all__ = [
    "angle_figure",
    "changed_figure",
    "cloud_figure",
    "diffusion_figure",
    "escape_figure",
    "outcomes_figure",
    "stability_figure",
]

#: How the three places are drawn, and what they are called.
_PLACES = {
    Place.OPTIMUM: ("global", "near the optimum"),
    Place.TRAP: ("spurious", "near the trap"),
    Place.NEITHER: ("student", "near neither"),
}
#: The parts of a bar from below: look, name and hatching.
_PARTS = (
    ("global", "near the optimum", ""),
    ("neutral", "neither", ".."),
    ("spurious", "near the trap", "//"),
)
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
            places = whereabouts(teacher, ReducedState(*(column[-1] for column in run.path)))
            for place, (meaning, name) in _PLACES.items():
                chosen = places == place
                style = look(meaning, marker=True) | {"linestyle": "none", "markersize": 5}
                label = f"{name}: {np.mean(chosen):.0%}"
                axes.plot(angle[-1, chosen], q[-1, chosen], label=label, **style)
            axes.legend(loc="upper right", bbox_to_anchor=(1.02, 1.04), handletextpad=0.2)
            axes.plot(angle[0], q[0], ".", color=INK, markersize=2.5, zorder=4)
            axes.set_ylabel("$q/N$")
            axes.set_ylim(-0.75, 1.3)
            label_panel(axes, "abcdef"[number], f"$B = {batch}$")
        label_angles(panels[-1, 0])
    return figure


def stability_figure(
    teacher: Teacher, tried: Sequence[tuple[int, float, float]], *, step_ratio: float
) -> Figure:
    """Which batches and steps the global optimum holds.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    tried : sequence of (int, float, float)
        B, eta_w N and the share of simulated runs that stayed near the optimum.
    step_ratio : float
        eta_w/eta_a.

    Returns
    -------
    matplotlib.figure.Figure
        With the threshold of the second moments, and the limit 4 of plain descent.
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.2, 4.6))
        largest = max(batch for batch, _, _ in tried)
        batches = np.unique(np.round(np.geomspace(1, largest, 30)).astype(int))
        limits = [
            noise_stability.largest_stable_step(teacher, int(b), step_ratio=step_ratio)
            * teacher.norm_squared
            for b in batches
        ]
        axes.plot(batches, limits, **look("shortcut") | {"linestyle": "-"})
        axes.axhline(4, color=NEUTRAL, linestyle=(0, (2, 2)))
        label_directly(axes, "plain descent", (1, 4), NEUTRAL, offset=(0, 5))
        label_directly(
            axes, "threshold", (batches[4], limits[4]), LOOKS["shortcut"].colour, offset=(-52, 10)
        )
        shares = np.array([share for _, _, share in tried])
        x, y = np.array([(batch, step) for batch, step, _ in tried]).T
        for meaning, name, chosen in (
            ("global", "all runs stay", shares == 1),
            ("student", "some stay", (shares > 0) & (shares < 1)),
            ("spurious", "none stays", shares == 0),
        ):
            style = look(meaning, marker=True) | {"linestyle": "none", "markersize": 6}
            axes.plot(x[chosen], y[chosen], label=name, zorder=4, **style)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("inputs in a batch, $B$")
        axes.set_ylabel(r"step of the filter, $\eta_w N$")
        axes.legend(loc="lower right")
    return figure


def escape_figure(times: FloatArray, escaped: Mapping[str, NDArray[np.int64]], runs: int) -> Figure:
    """Runs that have left the trap's basin against time, with 95% intervals.

    Parameters
    ----------
    times : ndarray, shape (r,)
        eta t.
    escaped : mapping of str to ndarray, shape (r,)
        By name, how many runs plain descent would lead to the optimum from where they are.
    runs : int
        Runs of each name.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.2, 4.2))
        for (name, counts), meaning in zip(escaped.items(), _SERIES, strict=False):
            share = counts / runs
            low, high = np.array([wilson_interval(int(n), runs) for n in counts]).T
            errors = np.maximum([share - low, high - share], 0.0)
            style = look(meaning, marker=True) | {"markersize": 5}
            axes.errorbar(times, share, yerr=errors, capsize=2.5, label=name, **style)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel(r"time, $\eta t$")
        axes.set_ylabel("share of runs outside the trap's basin")
        axes.legend(loc="upper left", title=r"$\eta_w N / B$")
    return figure


def diffusion_figure(
    teacher: Teacher, times: FloatArray, simulated: ReducedState, diffused: ReducedState
) -> Figure:
    """Quartiles of s, q and phi over time: stochastic descent, and the diffusion.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    times : ndarray, shape (r,)
        eta t.
    simulated, diffused : ReducedState
        Arrays of shape (r, n).

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, panels = plt.subplots(3, 1, figsize=(6.0, 7.2), sharex=True)
        labels = ("$s/S$", "$q/N$", r"$\phi/\pi$")
        scales = (teacher.output_sum, teacher.norm_squared, np.pi)
        for number, (axes, label, scale) in enumerate(zip(panels, labels, scales, strict=True)):
            ours, theirs = (
                np.quantile(path[number] / scale, [0.1, 0.5, 0.9], axis=1)
                for path in (simulated, diffused)
            )
            colour = LOOKS["global"].colour
            axes.fill_between(times, theirs[0], theirs[2], color=colour, alpha=0.18)
            axes.plot(times, theirs[1], label="diffusion", **look("global"))
            style = look("spurious", marker=True) | {"linestyle": "none", "markersize": 5}
            spread = np.array([ours[1] - ours[0], ours[2] - ours[1]])
            axes.errorbar(times, ours[1], yerr=spread, capsize=2.5, label="descent", **style)
            label_panel(axes, "abc"[number], label)
        panels[0].legend(loc="lower right")
        panels[-1].set_xlabel(r"time, $\eta t$")
    return figure


def outcomes_figure(counts: Sequence[Counts], descent: Mapping[float, float]) -> Figure:
    """What became of the runs, by batch, one panel for each step size.

    Parameters
    ----------
    counts : sequence of Counts
        Of one teacher and one time.
    descent : mapping of float to float
        Success probability of plain descent, by step size times k^2.

    Returns
    -------
    matplotlib.figure.Figure
        Bars of three parts with the 95% interval of the lowest; the dashed line is plain descent.
    """
    with book_style():
        multiples = sorted({c.setting.multiple for c in counts})
        figure, panels = plt.subplots(
            len(multiples), 1, figsize=(6.0, 2.35 * len(multiples)), sharex=True, squeeze=False
        )
        for number, multiple in enumerate(multiples):
            axes = panels[number, 0]
            row = sorted(
                (c for c in counts if c.setting.multiple == multiple),
                key=lambda c: c.setting.batch,
            )
            place = np.arange(len(row))
            parts = np.array([[c.optimum[-1], c.neither[-1], c.trap[-1]] for c in row]).T
            shares = parts / np.array([c.runs for c in row])
            below = np.zeros(len(row))
            for share, (meaning, name, hatch) in zip(shares, _PARTS, strict=True):
                axes.bar(
                    place, share, 0.72, bottom=below, color=LOOKS[meaning].colour, alpha=0.55,
                    hatch=hatch, edgecolor="white", linewidth=0, label=name,
                )  # fmt: skip
                below = below + share
            low, high = np.array([c.interval for c in row]).T
            errors = np.maximum([shares[0] - low, high - shares[0]], 0.0)
            axes.errorbar(
                place, shares[0], yerr=errors, color=INK, linestyle="none", capsize=3, linewidth=1.4
            )
            axes.axhline(descent[multiple], color=INK, linestyle=(0, (4, 3)), linewidth=1)
            axes.set_ylim(0, 1)
            axes.set_xticks(place, [str(c.setting.batch) for c in row])
            label_panel(axes, "abcdef"[number], rf"$\eta = {multiple:g}/k^2$")
        panels[-1, 0].set_xlabel("inputs in a batch, $B$")
        handles, names = panels[0, 0].get_legend_handles_labels()
        chosen = [names.index(name) for _, name, _ in _PARTS]
        figure.legend(
            [handles[i] for i in chosen],
            [names[i] for i in chosen],
            loc="outside upper center",
            ncols=3,
            columnspacing=1.2,
            handlelength=1.4,
        )
    return figure


def changed_figure(counts: Sequence[Counts]) -> Figure:
    """Runs that end elsewhere than plain descent from the same start, against the batch.

    Parameters
    ----------
    counts : sequence of Counts
        Of settings at which the optimum holds runs, of one teacher and one time.

    Returns
    -------
    matplotlib.figure.Figure
        With 95% intervals, and lines of slope -1/2 through the whole of each step size.
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.2, 4.4))
        multiples = sorted({c.setting.multiple for c in counts})
        for number, (multiple, meaning) in enumerate(zip(multiples, _SERIES, strict=False)):
            row = sorted(
                (c for c in counts if c.setting.multiple == multiple),
                key=lambda c: c.setting.batch,
            )
            batch = np.array([c.setting.batch for c in row])
            count = np.array([c.changed[0] for c in row])
            runs = np.array([c.runs for c in row])
            low, high = np.array([c.changed[1] for c in row]).T
            share = count / runs
            colour = LOOKS[meaning].colour
            # One factor for all batches: as many changes expected as were counted.
            factor = count.sum() / np.sum(runs / np.sqrt(batch))
            axes.plot(batch, factor / np.sqrt(batch), color=colour, linewidth=1, alpha=0.7)
            seen = count > 0
            at = batch * 1.07 ** (number - 1.5)
            axes.errorbar(
                at[seen], share[seen], yerr=[(share - low)[seen], (high - share)[seen]],
                capsize=2.5, label=rf"$\eta = {multiple:g}/k^2$",
                **look(meaning, marker=True) | {"linestyle": "none"},
            )  # fmt: skip
            # None counted: the interval's upper end alone.
            axes.plot(at[~seen], high[~seen], linestyle="none", marker="v", color=colour)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("inputs in a batch, $B$")
        axes.set_ylabel("share of runs that change sides")
        axes.legend(loc="lower left")
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
