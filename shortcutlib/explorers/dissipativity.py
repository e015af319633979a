"""The slack of Lemmas 7, 11 and 12 over the plane of angle and alignment, with a point to drag."""

import numpy as np

from shortcutlib.dissipativity import Teachers
from shortcutlib.explorers.base import Explorer, choice, flag, number, whole
from shortcutlib.explorers.still import ANGLES, Axis, Still
from shortcutlib.slack_maps import MapPoint, SlackMap

__all__ = ["DissipativityExplorer"]


class DissipativityExplorer(Explorer):
    """Where a lemma's gradient pulls as much as it promises, for the student that is pulled least.

    Parameters
    ----------
    lemma, multiple, repaired, k, fraction, size, m, largest, delta, angle, position
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "dissipativity"
    title = "The dissipativity map"
    needs = ("slack_maps.js", "contours.js")

    lemma = choice(
        7,
        {
            7: "Lemma 7: output weights, early",
            11: "Lemma 11: filter",
            12: "Lemma 12: output weights, late",
        },
        key="l",
        label="lemma",
    )
    multiple = number(1.0, 0.0, 2.0, key="c", label="constant c ÷ the lemma's", step=0.01)
    k = whole(10, 1, 200, key="k", label="k", scale="log")
    fraction = number(0.0, 0.0, 1.0, key="f", label="S² / (k N)", step=0.01)
    size = number(2.0, 0.01, 1000.0, key="n", label="N", scale="log")
    m = number(0.2, 0.01, 1.5, key="m", label="m / N", step=0.01)
    largest = number(3.0, 0.5, 10.0, key="u", label="M / N", step=0.1)
    delta = number(0.5, 0.001, 4.0, key="d", label="δ", scale="log")
    angle = number(0.35, 0.0, 1.0, key="a", label="φ / π", step=0.01, shown=False)
    position = number(-0.2, -1.0, 2.5, key="x", label="q / N", step=0.01, shown=False)
    repaired = flag(False, key="r", label="best constants instead of the printed ones")

    @property
    def teachers(self) -> Teachers:
        """The teacher that the parameters describe; with k = 1 the fraction can only be 1."""
        return Teachers.from_share(self.k, self.fraction, self.size)

    def map(self, *, repaired: bool | None = None, multiple: float | None = None) -> SlackMap:
        """The map shown, or the same lemma with other constants.

        Parameters
        ----------
        repaired : bool, optional
            Whether to take the best constants; by default what is shown.
        multiple : float, optional
            c over the lemma's; by default what is shown.

        Returns
        -------
        SlackMap
        """
        return SlackMap(
            self.lemma,
            self.teachers,
            m=self.m,
            largest=self.largest,
            delta=self.delta,
            multiple=self.multiple if multiple is None else multiple,
            repaired=self.repaired if repaired is None else repaired,
        )

    def slack(self) -> float:
        """Slack at the point that is dragged."""
        return float(self.map().slack(self.angle * np.pi, self.position))

    def picture(self) -> str:
        """The slack in bands, with the region and its worst point."""
        control = self.controls()["position"]
        low, high = control["low"], control["high"]
        drawn, worst = self.map(), self.worst()
        still = Still(
            f"Map of the slack of Lemma {self.lemma} over angle and alignment: blue where it is at "
            f"least 0, orange where it is negative, stronger inside the lemma's region; the least "
            f"slack in the region is {worst.slack:.3g}.",
            Axis(0, np.pi, "angle φ between the filter and v*", ANGLES),
            Axis(low, high, "alignment q / N", ((-1.0, "−1"), (0.0, "0"), (1.0, "1"), (2.0, "2"))),
            title=f"Slack of Lemma {self.lemma}",
        )
        columns, rows = 60, 42
        share = low + (high - low) * (np.arange(rows)[:, None] + 0.5) / rows
        angle, share = np.broadcast_arrays(np.pi * (np.arange(columns) + 0.5) / columns, share)
        slack, inside = drawn.slack(angle, share), drawn.inside(angle, share)
        steps = np.array([0.01, 0.03, 0.1, 0.3, 1.0])
        # For each sign and each side of the region's edge the bands from faint to strong.
        band = np.sum(np.abs(slack)[..., None] > steps, axis=-1) + 6 * inside + 12 * (slack < 0)
        strength = [(10 + 8 * i) / 255 for i in range(6)] + [(34 + 24 * i) / 255 for i in range(6)]
        looks = [(look, opacity) for look in ("global", "spurious") for opacity in strength]
        still.bands(np.where(np.isfinite(slack), band, -1), looks)
        if np.isfinite(worst.slack):
            look = "spurious" if worst.slack < -1e-12 else "global"
            still.mark(look, "diamond", worst.angle, worst.share)
            still.words(
                look,
                worst.angle + 0.1,
                worst.share - 0.25,
                f"worst: {worst.slack:.3g}".replace("-", "−"),
                anchor="start",
            )
        still.mark("shortcut", "square", self.angle * np.pi, self.position)
        return still.svg()

    def worst(self) -> MapPoint:
        """The worst point of the region."""
        return self.map().worst()
