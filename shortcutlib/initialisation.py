"""Success from other starts than the paper's: other places of w, other laws of a_0.

Every law here is symmetric around 0, so a_0 matters through its parts along 1 and along the rest of
a*, two numbers.  Given the first, the second has a known distribution; the border in q turns it
into a probability, and a Gauss rule integrates over the first (compare `shortcutlib.exact`).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shortcutlib import order
from shortcutlib.angles import FloatArray
from shortcutlib.border import Lines
from shortcutlib.quadrature import gauss_gegenbauer, special, upper_tail
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher, check_finite, check_size

__all__ = [
    "Ball",
    "Gaussian",
    "OutputLaw",
    "Sphere",
    "glorot",
    "he",
    "success_from",
    "success_over_angles",
]

#: Gaussian parts are followed up to so many standard deviations; beyond lie 1e-15 of them.
_DEVIATIONS = 8.0


class OutputLaw(Protocol):
    """A law of a_0 that only its lengths and angles matter to."""

    def nodes(self, k: int, n: int) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights for the part of a_0 along a unit vector."""
        ...

    def reach(self, along: FloatArray) -> FloatArray:
        """Half the range of a second part, given the first."""
        ...

    def above(self, k: int, place: FloatArray) -> FloatArray:
        """Probability that the second part exceeds `place` times its half range."""
        ...


@dataclass(frozen=True)
class Ball:
    """a_0 uniform in a ball; radius |S|/sqrt(k) in the paper.

    Parameters
    ----------
    radius : float
        Positive.
    """

    radius: float

    def __post_init__(self) -> None:
        _positive("radius", self.radius)

    def nodes(self, k: int, n: int) -> tuple[FloatArray, FloatArray]:
        u, weight = gauss_gegenbauer(n, (k + 1) / 2)
        return self.radius * u, weight

    def reach(self, along: FloatArray) -> FloatArray:
        return np.sqrt(np.maximum(self.radius**2 - along**2, 0.0))

    def above(self, k: int, place: FloatArray) -> FloatArray:
        return upper_tail(place, k / 2)


@dataclass(frozen=True)
class Sphere:
    """a_0 uniform on a sphere; k >= 3.

    Parameters
    ----------
    radius : float
        Positive.
    """

    radius: float

    def __post_init__(self) -> None:
        _positive("radius", self.radius)

    def nodes(self, k: int, n: int) -> tuple[FloatArray, FloatArray]:
        if k < 3:
            raise ValueError(f"k = {k}: on a sphere this needs k >= 3")
        u, weight = gauss_gegenbauer(n, (k - 1) / 2)
        return self.radius * u, weight

    def reach(self, along: FloatArray) -> FloatArray:
        return np.sqrt(np.maximum(self.radius**2 - along**2, 0.0))

    def above(self, k: int, place: FloatArray) -> FloatArray:
        return upper_tail(place, (k - 2) / 2)


@dataclass(frozen=True)
class Gaussian:
    """Independent normal entries of a_0.

    Parameters
    ----------
    deviation : float
        Standard deviation of every entry, positive.
    """

    deviation: float

    def __post_init__(self) -> None:
        _positive("deviation", self.deviation)

    def nodes(self, k: int, n: int) -> tuple[FloatArray, FloatArray]:
        x, weight = np.polynomial.hermite_e.hermegauss(n)
        return self.deviation * x, weight / weight.sum()

    def reach(self, along: FloatArray) -> FloatArray:
        return np.full_like(along, _DEVIATIONS * self.deviation)

    def above(self, k: int, place: FloatArray) -> FloatArray:
        return np.asarray(special().ndtr(-_DEVIATIONS * np.clip(place, -1.0, 1.0)))


def glorot(teacher: Teacher) -> Gaussian:
    """Glorot and Bengio's scale for the output layer: variance 2/(k + 1).

    Parameters
    ----------
    teacher : Teacher
        Only its k is used: the layer has k inputs and one output.

    Returns
    -------
    Gaussian

    Notes
    -----
    Source: Glorot and Bengio (2010), with normal entries.
    """
    return Gaussian(float(np.sqrt(2 / (teacher.k + 1))))


def he(teacher: Teacher) -> Gaussian:
    """He et al.'s scale for the output layer: variance 2/k.

    Parameters
    ----------
    teacher : Teacher
        Only its k is used.

    Returns
    -------
    Gaussian

    Notes
    -----
    Source: He, Zhang, Ren and Sun (2015), with normal entries.
    """
    return Gaussian(float(np.sqrt(2 / teacher.k)))


def success_from(
    teacher: Teacher,
    steps: StepSizes,
    law: OutputLaw,
    *,
    angle: float | None = None,
    tolerance: float = 1e-7,
    nodes: int = 16,
) -> float:
    """Success probability of the residual student from a law of a_0 and one angle of its filter.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; a* not a multiple of 1.
    steps : StepSizes
        Step sizes over time, such that a step preserves order.
    law : OutputLaw
        `Ball`, `Sphere` or `Gaussian`.
    angle : float, optional
        First angle phi_0, inside (0, pi); by default that of the shortcut, where w_0 = 0.
    tolerance : float, default 1e-7
        Accuracy of the border as a fraction of half the range, in [1e-12, 0.01].
    nodes : int, default 16
        Nodes of the outer integral, at least 2.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is out of range or steps are too long to preserve order.
    RuntimeError
        If a start stays undecided.
    ImportError
        If SciPy is missing.
    """
    if teacher.spread == 0.0:
        raise ValueError("a* is a multiple of 1: use exact.success_probability")
    check_size("nodes", nodes)
    if nodes < 2 or not 1e-12 <= tolerance <= 1e-2:
        raise ValueError(f"nodes = {nodes}, tolerance = {tolerance}: at least 2, and 1e-12 to 0.01")
    first = teacher.angle if angle is None else check_finite("angle", angle)
    if not 0 < first < np.pi:
        raise ValueError(f"angle = {first}: give one inside (0, pi)")
    k = teacher.k
    along, weight = law.nodes(k, nodes)
    half = np.sqrt(teacher.spread) * law.reach(along)
    s = np.sqrt(k) * along
    middle = s * teacher.output_sum / k
    ends = np.concatenate([middle - half, middle + half])
    if not order.preserves_order(teacher, s, ends, steps):
        raise ValueError(
            "the step sizes are too large for one step to preserve order: take "
            "eta_a (k + pi - 1) <= 2 pi and eta_w |q| < 2"
        )
    zero = np.zeros_like(s)
    lines = Lines(
        teacher,
        steps,
        "residual",
        True,
        np.array([s, middle, zero + first]),
        np.array([zero, half, zero]),
    )
    return float(weight @ law.above(k, lines.border(tolerance).place))


def success_over_angles(
    teacher: Teacher,
    steps: StepSizes,
    law: OutputLaw,
    *,
    tolerance: float = 1e-5,
    angles: int = 24,
    nodes: int = 8,
) -> float:
    """Success probability of the residual student whose first filter is uniform on the sphere.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; its p >= 2 gives the distribution of the angle.
    steps : StepSizes
        Step sizes over time.
    law : OutputLaw
        Law of a_0.
    tolerance, nodes
        As for `success_from`.
    angles : int, default 24
        Nodes of the integral over the cosine of the first angle.

    Returns
    -------
    float

    Raises
    ------
    ValueError, RuntimeError, ImportError
        As for `success_from`.
    """
    if teacher.p < 2:
        raise ValueError("p = 1: the filter has two directions, not a sphere of them")
    check_size("angles", angles)
    cosine, weight = gauss_gegenbauer(angles, (teacher.p - 1) / 2)
    found = [
        success_from(
            teacher, steps, law, angle=float(np.arccos(c)), tolerance=tolerance, nodes=nodes
        )
        for c in cosine
    ]
    return float(weight @ np.array(found))


def _positive(name: str, value: float) -> None:
    if not check_finite(name, value) > 0:
        raise ValueError(f"{name} = {value}: give a positive number")
