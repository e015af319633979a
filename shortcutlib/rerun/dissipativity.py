"""The panel of the chapter on partial dissipativity: where a lemma is closest to failing."""

from collections.abc import Callable

import numpy as np

from shortcutlib import inequalities
from shortcutlib.inequalities import Inequality
from shortcutlib.rerun.panel import RerunPanel, choice, number, whole
from shortcutlib.rerun.result import Experiment, Result

__all__ = ["worst_point_panel", "worst_points"]

#: Searches with seeds of their own: what one misses another finds.
_SEARCHES = 4

_LEMMAS: dict[str, Callable[[float], Inequality]] = {
    "7": lambda multiple: inequalities.lemma_7(multiple / (10 * np.pi)),
    "11": lambda multiple: inequalities.lemma_11(multiple / 8),
    "12": lambda multiple: inequalities.lemma_12(
        lambda norm_squared, _: np.full_like(norm_squared, multiple / 5)
    ),
}


def worst_points(
    lemma: str = "7", multiple: float = 1.0, samples: int = 5000, seed: int = 0
) -> Experiment:
    """Search for the point at which a lemma's slack is smallest, four times.

    Parameters
    ----------
    lemma : {"7", "11", "12"}
        Lemma of Liu et al. (2019).
    multiple : float, default 1
        By how much the printed constant is multiplied: c in Lemmas 7 and 11, where more is harder
        to keep; the allowance delta/5 in Lemma 12, where more is easier.
    samples : int, default 5000
        Random points of a search, the best of which are improved.
    seed : int, default 0
        Of the first search; the others take the next three.

    Yields
    ------
    float
        Share of the searches done.

    Returns
    -------
    Result
    """
    if lemma not in _LEMMAS:
        raise ValueError(f"lemma = {lemma!r}: choose one of {', '.join(_LEMMAS)}")
    inequality = _LEMMAS[lemma](multiple)
    rows, lowest = [], np.inf
    for search in range(_SEARCHES):
        yield search / _SEARCHES
        worst = inequality.worst(np.random.default_rng(seed + search), samples=samples, starts=6)
        lowest = min(lowest, worst.value)
        rows.append(
            (
                str(seed + search),
                f"{round(worst.value, 3) + 0.0:+.3f}",
                f"{worst.point['angle'] / np.pi:.2f} π",
            )
        )
    # Points on the border itself differ from 0 by rounding.
    verdict = "No violation was found." if lowest > -1e-9 else "The lemma fails with this constant."
    return Result(("seed", "least slack found", "at the angle"), tuple(rows), verdict)


def worst_point_panel() -> RerunPanel:
    """Look for the student at which Lemma 7, 11 or 12 fails, with another constant.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "The least slack of a lemma",
        worst_points,
        {
            "lemma": choice("7", {f"Lemma {name}": name for name in _LEMMAS}, "lemma"),
            "multiple": number(1.0, 0.0, 20.0, "constant / printed", step=0.05),
            "samples": choice(5000, {f"{n:,}": n for n in (1000, 5000, 20_000)}, "random points"),
            "seed": whole(0, 0, 9999, "first seed"),
        },
    )
