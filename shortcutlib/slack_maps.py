"""Lemmas 7, 11 and 12 as maps: the slack over the plane of the angle phi and of x = q/N.

The gradient in w knows the student through phi and q alone.  The gradient in a knows more, so its
map shows, at every point, the student with the least slack (`shortcutlib.worst_student`).  Each
map knows its lemma's region and the worst point in it, which is where the lemma is decided.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.dissipativity import ACUTE, best_output_constant
from shortcutlib.relu_kernel import g_deficit
from shortcutlib.teacher import TeacherNumbers
from shortcutlib.worst_student import WorstStudent, worst_student

__all__ = ["LEMMAS", "Lemma", "MapPoint", "SlackMap"]

Lemma = Literal[7, 11, 12]
LEMMAS: tuple[Lemma, ...] = (7, 11, 12)

#: Lemma 7: largest q/N of the first half of its region, and the width of the band (10).
_LOW_SHARE, _WIDTH = 1 / 20, 3.0
#: Lemma 12's constant c, beyond which no student would be the worst.
_LARGEST = (np.pi - 1) / (2 * np.pi)
#: Points between the special ones at which the worst of Lemma 7 is looked for.
_SCAN = 400


@dataclass(frozen=True)
class MapPoint:
    """A point of a map.

    Attributes
    ----------
    slack : float
        Slack there, in the units of `SlackMap.slack`; +inf if the region is empty.
    angle, share : float
        phi and x = q/N.
    """

    slack: float
    angle: float
    share: float


@dataclass(frozen=True)
class SlackMap:
    """One of the three lemmas for one teacher.

    Attributes
    ----------
    lemma : {7, 11, 12}
        The lemma of Liu et al. (2019).
    teacher : Teacher or Teachers
        One network to recover.
    m, largest : float
        Bounds of q/N: q >= m N in Lemmas 11 and 12, q <= largest N in Lemma 12.
    delta : float
        Bound of |w - w*|^2 in Lemma 12, above 0.
    multiple : float
        c over the lemma's own c.  In Lemma 12 more than 1 counts as 1.
    repaired : bool
        Whether c and the allowance are the best ones instead of the printed ones.
    """

    lemma: Lemma
    teacher: TeacherNumbers
    m: float = 1 / 5
    largest: float = 3.0
    delta: float = 0.5
    multiple: float = 1.0
    repaired: bool = False

    def __post_init__(self) -> None:
        if self.lemma not in LEMMAS:
            raise ValueError(f"there is no map of Lemma {self.lemma}: choose 7, 11 or 12")
        for name in ("m", "largest", "delta"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} = {getattr(self, name):.6g}: give a positive number")
        if self.multiple < 0:
            raise ValueError(f"multiple = {self.multiple:.6g}: c is at least 0")

    @property
    def constant(self) -> float:
        """c; in Lemma 11, where it grows with q, c/N."""
        if self.lemma == 11:
            return self.multiple * self.m / 8
        if self.lemma == 12:
            return min(self.multiple, 1.0) * _LARGEST
        best = float(best_output_constant())
        return min(self.multiple * (best if self.repaired else 1 / (10 * np.pi)), _LARGEST)

    @property
    def allowance(self) -> float:
        """What the lemma subtracts on its right side, over N."""
        if self.lemma != 12:
            return 0.0
        if self.repaired:
            return self.delta * max(1 - self.m, 0.0) / 4
        return self.delta / (5 * float(self.teacher.norm_squared))

    @property
    def largest_angle(self) -> float:
        """Bound of phi in the lemma's region."""
        if self.lemma == 7:
            return ACUTE
        if self.lemma == 11:
            return np.pi / 2
        return 2 * float(np.arcsin(min(np.sqrt(self.delta) / 2, 1.0)))

    def student(self, share: ArrayLike) -> WorstStudent:
        """The student with the least slack at each x = q/N, within the lemma's conditions on a.

        Parameters
        ----------
        share : array_like
            q/N.

        Returns
        -------
        WorstStudent
            For Lemma 11, where all students with this x are alike, one of them.
        """
        share = np.asarray(share, dtype=float)
        if self.lemma == 7:
            # |a - a*/2|^2 >= N says that |a - a*|^2 >= (7/4) N - q.
            needed = np.where(share <= _LOW_SHARE, -np.inf, 1.75 - share)
            return worst_student(
                self.teacher, share, self.constant, width=_WIDTH, least_distance=needed
            )
        constant = self.constant if self.lemma == 12 else 0.0
        return worst_student(self.teacher, share, constant)

    def slack(self, angle: ArrayLike, share: ArrayLike) -> FloatArray:
        """Left side minus right side of the lemma, for the student with the least slack.

        Parameters
        ----------
        angle : array_like
            phi in [0, pi].
        share : array_like
            x = q/N.

        Returns
        -------
        ndarray
            Over N; in Lemma 11, where both sides vanish with phi, over N |w - w*|^2.  +inf where
            no student meets the lemma's conditions on a.
        """
        angle, share = np.asarray(angle, dtype=float), np.asarray(share, dtype=float)
        if self.lemma == 11:
            pull = (np.pi - angle) * (1 + np.cos(angle)) / (4 * np.pi)
            return share * pull - self.constant
        push = g_deficit(angle) * (1 - share)
        return (self.student(share).curvature - push) / (2 * np.pi) + self.allowance

    def inside(self, angle: ArrayLike, share: ArrayLike) -> NDArray[np.bool_]:
        """Whether some student with these numbers lies in the lemma's region.

        Parameters
        ----------
        angle, share : array_like
            phi in [0, pi], and x = q/N.

        Returns
        -------
        ndarray of bool
        """
        near = np.asarray(angle) <= self.largest_angle
        share = np.asarray(share, dtype=float)
        if self.lemma == 7:
            return near & np.isfinite(self.student(share).curvature)
        aligned = share >= self.m
        return near & aligned & ((share <= self.largest) | (self.lemma == 11))

    def worst(self) -> MapPoint:
        """The point of the region with the least slack.

        Returns
        -------
        MapPoint
        """
        last = self.largest_angle
        if self.lemma == 11:
            return MapPoint(float(self.slack(last, self.m)), last, self.m)
        angle, share = np.meshgrid([last, 0.0], self._candidates(), indexing="ij")
        values = self.slack(angle, share)
        if values.size == 0 or not np.isfinite(values).any():
            return MapPoint(np.inf, last, self.m)
        place = np.unravel_index(np.argmin(values), values.shape)
        return MapPoint(float(values[place]), float(angle[place]), float(share[place]))

    def holds(self) -> bool:
        """Whether the slack is nowhere negative in the region, up to rounding."""
        return self.worst().slack >= -1e-12

    def _candidates(self) -> FloatArray:
        """The x at which the slack can be least, at the smallest or the largest angle."""
        if self.lemma == 7:
            free = float(self.teacher.spread) / float(self.teacher.norm_squared)
            # Where the condition |a - a*/2|^2 >= N stops to matter, for students with s = S.
            ends = 1 - (free + np.array([-1, 1]) * np.sqrt(free**2 + 3 * free)) / 2
            scan = np.linspace(-3, 4, _SCAN + 1)
            return np.concatenate([[_LOW_SHARE, 1.0], ends, scan])
        if self.m > self.largest:
            return np.empty(0)
        # The slack is a parabola in y = 1 - x: lowest in between or at an end.
        bend = float(self.student(0.0).curvature)
        lowest = float(g_deficit(self.largest_angle)) / (2 * bend) if bend > 0 else np.inf
        return np.clip([1 - lowest, 1.0], self.m, self.largest)
