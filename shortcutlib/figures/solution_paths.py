"""The quantities of the paper's Figure 5 along one or more runs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib.figures.style import HAIRLINE, MUTED, book_style, look
from shortcutlib.paths import Path

__all__ = ["PANELS", "paths_figure"]

#: The five panels: attribute of `Path` and label.
PANELS = (
    ("alignment", r"$a^{\!\top} a^{*}$"),
    ("angle", r"angle $\phi$"),
    ("filter_distance", r"$\|w - w^{*}\|^2$"),
    ("output_distance", r"$\|a - a^{*}\|^2$"),
    ("loss", "loss"),
)


def paths_figure(runs: Mapping[str, tuple[Path, str]], *, warmup: int | None = None) -> Figure:
    """Draw the five panels of Figure 5, one above the other, over iterations on a log axis.

    Parameters
    ----------
    runs : mapping of str to (Path, str)
        For each label a path and the meaning under which it is drawn (a key of
        `shortcutlib.figures.style.LOOKS`).
    warmup : int, optional
        Length of Stage I, shaded; a dotted line marks the phase transition at its end.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with book_style():
        figure, panels = plt.subplots(len(PANELS), 1, figsize=(6.4, 9.6), sharex=True)
        last = max(path.iteration[-1] for path, _ in runs.values())
        for axes, (name, label) in zip(panels, PANELS, strict=True):
            if warmup is not None:
                axes.axvspan(1, warmup, color=HAIRLINE, alpha=0.35, linewidth=0)
            for text, (path, meaning) in runs.items():
                # Iterate 0 has no place on a logarithmic axis; it is drawn at 1.
                axes.plot(
                    np.maximum(path.iteration, 1), getattr(path, name), **look(meaning), label=text
                )
            axes.set_ylabel(label)
        panels[0].axhline(0, color=MUTED, linewidth=0.8)
        panels[1].axhline(np.pi / 2, color=MUTED, linewidth=0.8)
        panels[1].set_yticks([0, np.pi / 2, np.pi], ["0", r"$\pi/2$", r"$\pi$"])
        panels[2].set_yticks([0, 2, 4])
        panels[-1].set_xscale("log")
        panels[-1].set_xlim(1, last)
        panels[-1].set_xlabel("iterations")
        panels[0].legend(loc="upper left")
        if warmup is not None:
            # The phase transition: the filter is released, and the angle drops.
            for axes in panels:
                axes.axvline(warmup, color=MUTED, linewidth=0.8, linestyle=":")
            place = panels[2].get_xaxis_transform()
            for x, stage in ((1.3, "Stage I"), (1.2 * warmup, "Stage II")):
                panels[2].text(
                    x, 0.06 if stage == "Stage I" else 0.6, stage, color=MUTED, transform=place
                )
    return figure
