"""Success rates over k: the paper's Figure 4 with intervals and exact values."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib.figures.style import INK, book_style, label_directly, look
from shortcutlib.success import Cell

__all__ = ["rates_figure"]

_MEANINGS = {"resnet-warmup": "global", "resnet": "shortcut", "cnn": "student"}
_NAMES = {
    "resnet-warmup": "ResNet with warm-up",
    "resnet": "ResNet without warm-up",
    "cnn": "CNN",
}


def rates_figure(
    cells: Sequence[Cell], exact: Mapping[tuple[str, int], float] | None = None
) -> Figure:
    """Draw simulated rates with intervals, printed rates as crosses, exact values as lines.

    Parameters
    ----------
    cells : sequence of Cell
        Simulated cells of any settings and k.
    exact : mapping of (str, int) to float, optional
        Exact probabilities by setting and k.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, axes = plt.subplots(figsize=(6.4, 4.6))
        for setting, meaning in _MEANINGS.items():
            row = sorted((c for c in cells if c.setting == setting), key=lambda c: c.k)
            if not row:
                continue
            style = look(meaning, marker=True)
            k = np.array([c.k for c in row])
            rate = np.array([c.success_rate for c in row])
            bars = np.array([[c.success_rate - c.low, c.high - c.success_rate] for c in row]).T
            axes.errorbar(k, rate, yerr=bars, **style | {"linestyle": "none"}, capsize=3)
            if exact is not None:
                axes.plot(k, [exact[setting, size] for size in k], **look(meaning))
            printed = [(c.k, c.printed) for c in row if c.printed is not None]
            if printed:
                axes.plot(*zip(*printed, strict=True), "x", color=INK, markersize=8, zorder=5)
            label_directly(
                axes,
                _NAMES[setting],
                (k[-1], rate[-1]),
                style["color"],
                offset=(-4, -34),
                ha="right",
            )
        axes.set_xlabel("number of patches $k$")
        axes.set_ylabel("probability of success")
        axes.set_ylim(0.48, 1.03)
        axes.plot([], [], "x", color=INK, markersize=8, label="printed in Table 1")
        axes.legend(loc="center right", bbox_to_anchor=(1, 0.42))
    return figure
