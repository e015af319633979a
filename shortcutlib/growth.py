"""How the failures die out with k: their exact probability, however small, and a law for it.

The success probability of large networks is 1 up to rounding, so `failure_probability` integrates
the failures themselves.  With N = c k and S^2 = r N the border tends to a fixed share h of the
ball's radius, and a share of at least |h| along a fixed direction has probability about
(1 - h^2)^(k/2) / (|h| sqrt(2 pi k)).  The border approaches its limit like 1/sqrt(k), hence

    -log P(failure) = A k + B sqrt(k) + log(k)/2 + C,        A = -log(1 - h^2)/2,

an exponential law with a small rate A, hidden for a long time behind B sqrt(k).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.exact import _geometry, _q_lines
from shortcutlib.quadrature import gauss_gegenbauer, upper_tail
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["GrowthLaw", "failure_probability", "fit_growth_law", "limit_share"]

#: Nodes of the outer integral; the integrand is smooth, and more change nothing from k = 16 on.
_NODES = 14


def failure_probability(
    teacher: Teacher, steps: StepSizes, *, tolerance: float = 1e-9, nodes: int = _NODES
) -> float:
    """Probability that one of the paper's random starts is trapped, to a small relative error.

    Parameters
    ----------
    teacher : Teacher
        The network to recover; k >= 9, and a* is not a multiple of 1.
    steps : StepSizes
        Step sizes over time.
    tolerance : float, default 1e-9
        Accuracy of the border, as a fraction of half the range of q.
    nodes : int, default 14
        Nodes of the outer integral.

    Returns
    -------
    float
        With a relative error of about k times the tolerance.

    Raises
    ------
    ValueError
        If k is too small for one rule over the whole ball, or a* is a multiple of 1.
    RuntimeError
        If there is no single border.
    """
    if teacher.k < 9 or teacher.spread == 0.0:
        raise ValueError(
            f"k = {teacher.k}, spread = {teacher.spread:.3g}: this needs k >= 9 and an a* that is "
            "no multiple of 1; take 1 - exact.success_probability(...).probability instead"
        )
    u, weight = gauss_gegenbauer(nodes, (teacher.k + 1) / 2)
    s, half = _geometry(teacher, u)
    border = _q_lines(teacher, steps, "residual", s, half, teacher.angle).border(tolerance)
    # P(t < place) = P(t > -place), without the cancellation of 1 - P(t > place).
    return float(weight @ upper_tail(-border.place, teacher.k / 2))


def limit_share(angle: float, norm_per_k: float, sum_ratio: float) -> float:
    """The border's share h of the ball's radius for k to infinity.

    Parameters
    ----------
    angle : float
        phi_0, just below pi/2.
    norm_per_k : float
        c = N/k.
    sum_ratio : float
        r = S^2/N.

    Returns
    -------
    float
        -(pi/2 - phi_0)/sqrt(c r), to first order in the angle that is left.
    """
    return -(np.pi / 2 - angle) / np.sqrt(norm_per_k * sum_ratio)


@dataclass(frozen=True)
class GrowthLaw:
    """-log P(failure) = A k + B sqrt(k) + log(k)/2 + C, fitted.

    Attributes
    ----------
    linear, root, constant : float
        A, B and C.
    linear_error : float
        Standard error of A, from what the law leaves unexplained.
    worst : float
        Largest relative deviation of a fitted probability from the law.
    """

    linear: float
    root: float
    constant: float
    linear_error: float
    worst: float

    def failure(self, k: ArrayLike) -> FloatArray:
        """Probability of failure by the law.

        Parameters
        ----------
        k : array_like
            Numbers of patches.

        Returns
        -------
        ndarray
        """
        size = np.asarray(k, dtype=float)
        exponent = self.linear * size + self.root * np.sqrt(size) + self.constant
        return np.asarray(np.exp(-exponent) / np.sqrt(size))


def fit_growth_law(k: Sequence[int], failure: Sequence[float]) -> GrowthLaw:
    """Fit the law to exact probabilities of failure, by least squares of their logarithms.

    Parameters
    ----------
    k : sequence of int
        At least five numbers of patches.
    failure : sequence of float
        Probabilities, in (0, 1).

    Returns
    -------
    GrowthLaw

    Raises
    ------
    ValueError
        If there are too few points or a probability is not in (0, 1).
    """
    size, found = np.asarray(k, dtype=float), np.asarray(failure, dtype=float)
    if size.size < 5 or size.shape != found.shape:
        raise ValueError(
            f"{size.size} sizes, {found.size} probabilities: give five or more of each"
        )
    if not np.all((found > 0) & (found < 1)):
        raise ValueError("a probability of failure is not inside (0, 1): nothing to fit")
    target = -np.log(found) - np.log(size) / 2
    columns = np.stack([size, np.sqrt(size), np.ones_like(size)], axis=1)
    solution, *_ = np.linalg.lstsq(columns, target, rcond=None)
    left = target - columns @ solution
    variance = float(left @ left) / (size.size - 3)
    error = float(np.sqrt(variance * np.linalg.inv(columns.T @ columns)[0, 0]))
    linear, root, constant = (float(x) for x in solution)
    return GrowthLaw(linear, root, constant, error, float(np.max(np.abs(np.expm1(left)))))
