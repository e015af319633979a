"""Figures of ResLink: the two phases, the convergence of three students, the smallest constant."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shortcutlib.figures.style import (
    HAIRLINE,
    INK,
    MUTED,
    book_style,
    label_directly,
    label_panel,
    look,
    tint,
)

__all__ = [
    "constant_figure",
    "convergence_figure",
    "detour_figure",
    "pairs_figure",
    "phases_figure",
    "zero_start_figure",
]

Columns = Mapping[str, Sequence[float]]

#: Quantities of Figure 8, with the meaning under which each is drawn.
_QUANTITIES = (
    ("distance", "student", r"distance $\|W-W^{*}\|_F$"),
    ("inner_product", "global", "inner product"),
    ("potential", "spurious", "potential $g$"),
    ("loss", "neutral", "loss"),
)
#: Student and teacher of section 5.2, with the meaning under which they are drawn, and the name.
_STUDENTS = {
    ("reslink", "own"): ("shortcut", "ResLink"),
    ("vanilla", "own"): ("spurious", "Vanilla"),
    ("three-block", "own"): ("teacher", "3-Block"),
    ("three-block", "reslink"): ("neutral", "3-Block of ResLink"),
}

#: Start and link of section 5.4, with the meaning under which they are drawn, and the name.
_STARTS = {
    ("zero", True): ("shortcut", "zero start, links"),
    ("random", True): ("global", "random start, links"),
    ("zero", False): ("spurious", "zero start, no links"),
    ("random", False): ("neutral", "random start, no links"),
}


def _first_positive(columns: Columns) -> float | None:
    """The step at which the inner product is positive for the first time."""
    positive = np.asarray(columns["inner_product"]) > 0
    return float(columns["step"][int(np.argmax(positive))]) if np.any(positive) else None


def phases_figure(
    early: Columns, whole: Columns | None = None, *, other: Columns | None = None
) -> Figure:
    """Draw the quantities of the paper's Figure 8 along one training.

    Parameters
    ----------
    early : mapping of str to sequence
        Columns ``step``, ``distance``, ``inner_product``, ``potential``, ``loss`` of the first
        iterations; Phase I is shaded.
    whole : mapping, optional
        The same for the entire process, in a second panel.
    other : mapping, optional
        A second training that goes the same way, without noise say, drawn thin and pale into the
        second panel, under the first.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        count = 1 if whole is None else 2
        figure, grid = plt.subplots(
            count, 1, figsize=(6.4, 4.2 * count), squeeze=False, layout="constrained"
        )
        panels = grid[:, 0]
        _quantities(panels[0], early)
        turn = _first_positive(early)
        if turn is not None and turn > 0:
            panels[0].axvspan(0, turn, color=HAIRLINE, alpha=0.5, linewidth=0)
            panels[0].text(
                turn / 2,
                0.8,
                "Phase I",
                ha="center",
                va="top",
                color=MUTED,
                transform=panels[0].get_xaxis_transform(),
            )
        panels[0].set_xlabel("iterations")
        panels[0].legend(loc="lower right")
        if whole is not None:
            label_panel(panels[0], "a", "the beginning")
            label_panel(panels[1], "b", "the entire process")
            if other is not None:
                for name, meaning, _ in _QUANTITIES:
                    colour = look(meaning)["color"]
                    panels[1].plot(other["step"], other[name], color=tint(colour, 0.45), lw=1.2)
            _quantities(panels[1], whole)
            panels[1].set_xlabel("iterations")
            # Long axes read better in thousands.
            panels[1].xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    return figure


def _quantities(axes: Axes, columns: Columns) -> None:
    axes.axhline(0, color=MUTED, linewidth=0.8)
    for name, meaning, label in _QUANTITIES:
        axes.plot(columns["step"], columns[name], **look(meaning), label=label)
    axes.set_xlim(0, columns["step"][-1])


def detour_figure(columns: Columns) -> Figure:
    """Draw a training in the plane of potential and distance.

    Parameters
    ----------
    columns : mapping of str to sequence
        As for `phases_figure`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.0))
        g, distance = np.asarray(columns["potential"]), np.asarray(columns["distance"])
        wrong = np.asarray(columns["inner_product"]) <= 0
        turn = int(np.argmax(~wrong)) if np.any(~wrong) else len(g) - 1
        axes.plot(g[: turn + 1], distance[: turn + 1], **look("spurious"))
        axes.plot(g[turn:], distance[turn:], **look("global"))
        axes.plot(g[0], distance[0], "o", color=INK)
        label_directly(axes, "start", (g[0], distance[0]), INK, offset=(-6, -12), ha="right")
        middle = turn // 2
        label_directly(
            axes,
            "Phase I: wrong direction",
            (g[middle], distance[middle]),
            look("spurious")["color"],
            offset=(0, 12),
            ha="center",
        )
        last = turn + (len(g) - turn) // 2
        label_directly(
            axes, "Phase II", (g[last], distance[last]), look("global")["color"], offset=(10, 0)
        )
        axes.set_xlabel("potential $g$")
        axes.set_ylabel(r"distance $\|W-W^{*}\|_F$")
        axes.margins(y=0.12)
    return figure


def convergence_figure(trainings: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the two panels of the paper's Figure 7; runs of one student are averaged.

    Parameters
    ----------
    trainings : sequence of mapping
        Each with ``configuration``, ``columns`` and ``variance``, as shipped.

    Returns
    -------
    matplotlib.figure.Figure
        Errors are shares of the variance of the teacher's answers.
    """
    with book_style():
        figure, (errors, norms) = plt.subplots(2, 1, figsize=(6.4, 8.8), layout="constrained")
        for (student, teacher), (meaning, name) in _STUDENTS.items():
            chosen = [
                training
                for training in trainings
                if training["configuration"]["student"] == student
                and training["configuration"]["teacher"] == teacher
            ]
            if not chosen:
                continue
            # Runs that were stopped early are averaged as far as all of them go.
            steps = sorted(set.intersection(*({*t["columns"]["step"]} for t in chosen)))
            style = look(meaning)
            tests, seen = (
                _mean(chosen, key, steps, share=True) for key in ("test_error", "training_error")
            )
            errors.plot(steps, tests, **{**style, "lw": 2.4}, label=f"{name}, test")
            errors.plot(steps, seen, **{**style, "lw": 1.1}, label=f"{name}, training")
            if "norm" in chosen[0]["columns"]:
                norms.plot(
                    steps, _mean(chosen, "distance", steps), **style, label=rf"$W-W^{{*}}$, {name}"
                )
                norms.plot(
                    steps,
                    _mean(chosen, "norm", steps),
                    color=style["color"],
                    linestyle=":",
                    lw=1.4,
                    label=f"$W$, {name}",
                )
        errors.set_yscale("log")
        errors.set_ylabel("error / variance of the answers")
        errors.set_ylim(1e-10, 1e10)  # room for the legend
        errors.legend(loc="upper right", fontsize=9.5)
        label_panel(errors, "a", "errors")
        norms.set_ylabel("Frobenius norm")
        norms.set_ylim(bottom=0)
        norms.legend(loc="center right")
        label_panel(norms, "b", "distance to the teacher")
        for axes in (errors, norms):
            axes.set_xlabel("epochs")
    return figure


def _mean(
    trainings: Sequence[Mapping[str, Any]], name: str, steps: Sequence[int], *, share: bool = False
) -> Any:
    """A column's mean over trainings at some steps, in units of each one's variance if wanted."""
    rows = []
    for training in trainings:
        columns = training["columns"]
        values = dict(zip(columns["step"], columns[name], strict=True))
        unit = training["variance"] if share else 1.0
        rows.append([values[step] / unit for step in steps])
    return np.mean(rows, axis=0)


def constant_figure(
    rows: Mapping[str, Sequence[float]], *, limit: float, printed: float = 0.03
) -> Figure:
    """Draw the smallest ratio that was found against gamma, for several dimensions.

    Parameters
    ----------
    rows : mapping of str to sequence
        Columns ``gamma``, ``block``, ``copies`` and ``ratio``, one entry for every search.
    limit : float
        Value in the limit of small gamma, for the printed cap on the potential.
    printed : float, default 0.03
        The constant in print.

    Returns
    -------
    matplotlib.figure.Figure
        Everything above; below, the part where the curves cross the printed constant.
    """
    columns = {name: np.asarray(rows[name]) for name in ("gamma", "block", "copies", "ratio")}
    sizes = columns["block"] * columns["copies"]
    plain = columns["copies"] == 1
    kinds = [(f"any matrices, $d = {d}$", plain & (sizes == d)) for d in np.unique(sizes[plain])]
    if not np.all(plain):
        large = sizes[~plain]
        kinds.append((f"equal blocks, $d = {large.min()}$ to {large.max()}", ~plain))
    with book_style():
        figure, panels = plt.subplots(2, 1, figsize=(6.4, 8.2), layout="constrained")
        for number, (label, chosen) in enumerate(kinds):
            gammas = np.unique(columns["gamma"][chosen])
            smallest = [
                columns["ratio"][chosen & (columns["gamma"] == gamma)].min() for gamma in gammas
            ]
            colour = tint(look("global")["color"], (number + 1) / len(kinds))
            style = look("global", marker=number == len(kinds) - 1) | {"color": colour}
            for axes in panels:
                axes.plot(gammas, smallest, **style, label=label)
        whole, near = panels
        whole.axhline(0, color=MUTED, linewidth=0.8)
        whole.plot([0], [limit], "o", color=INK, markersize=6)
        label_directly(whole, "limit in high dimension", (0, limit), INK, offset=(24, 6))
        whole.set_xlim(left=-0.01)
        whole.legend(loc="lower left")
        near.set_xlim(0.2, 0.32)
        near.set_ylim(0.005, 0.085)
        # The label where no curve passes: in all above them, near the crossing below them.
        for axes, place, shift, side in (
            (whole, columns["gamma"].max(), 9, "right"),
            (near, 0.203, -11, "left"),
        ):
            axes.axhline(printed, **{**look("neutral"), "lw": 1.4})
            label_directly(
                axes, "0.03, as printed", (place, printed), MUTED, offset=(0, shift), ha=side
            )
            axes.set_ylabel("smallest ratio found")
            axes.set_xlabel(r"largest spectral norm $\gamma$ of $W$ and $W^{*}$")
        label_panel(whole, "a", "all")
        label_panel(near, "b", "where the printed constant is passed")
    return figure


def pairs_figure(first: Sequence[int], second: Sequence[int], rates: Mapping[str, Any]) -> Figure:
    """Draw the training errors of all pairs of digits, one panel for each kind of weights.

    Parameters
    ----------
    first, second : sequence of int
        The digits of each pair, first < second.
    rates : mapping of str to sequence
        For each panel's title the share of errors of every pair.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, grid = plt.subplots(
            len(rates), 1, figsize=(5.2, 4.6 * len(rates)), squeeze=False, layout="constrained"
        )
        for axes, (title, values) in zip(grid[:, 0], rates.items(), strict=True):
            table = np.full((10, 10), np.nan)
            table[list(first), list(second)] = 100 * np.asarray(values)
            image = axes.imshow(table, vmin=0, vmax=50, cmap="cividis")
            for a, b in zip(first, second, strict=True):
                light = table[a, b] > 25
                axes.text(
                    b,
                    a,
                    f"{table[a, b]:.0f}",
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color=INK if light else "white",
                )
            axes.set_xticks(range(1, 10))
            axes.set_yticks(range(9))
            axes.set_xlim(0.5, 9.5)
            axes.set_ylim(8.5, -0.5)
            axes.set_title(title)
            figure.colorbar(image, ax=axes, label="training error, per cent", shrink=0.8)
    return figure


def zero_start_figure(trainings: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the test errors of section 5.4 against epochs, the mean over runs of each kind.

    Parameters
    ----------
    trainings : sequence of mapping
        Each with ``configuration`` and ``columns``, as shipped.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.6), layout="constrained")
        for (start, link), (meaning, name) in _STARTS.items():
            chosen = [
                training
                for training in trainings
                if training["configuration"]["start"] == start
                and training["configuration"]["link"] == link
            ]
            steps = chosen[0]["columns"]["step"]
            errors = 100 * _mean(chosen, "test_error", steps)
            axes.plot(steps, errors, **look(meaning, marker=True), label=name)
        axes.set_yscale("log")
        axes.set_ylim(top=320)  # room for the legend
        axes.set_yticks([2, 5, 10, 20, 50, 100], labels=["2", "5", "10", "20", "50", "100"])
        axes.minorticks_off()
        axes.set_xlabel("epochs")
        axes.set_ylabel("test error, per cent")
        axes.legend(loc="upper center", ncols=2)
    return figure
