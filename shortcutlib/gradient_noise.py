"""The noise of a mini-batch gradient in (s, q, phi): its exact covariance, without sampling.

One input contributes E X to the gradient in a coordinate, with the error
E = sum_j (a_j relu(x_j) - a*_j relu(t_j)), t_j = cos(phi) x_j + sin(phi) y_j, and the *feature*

    s:  X = sum_j relu(x_j),     q:  X = sum_j a*_j relu(x_j),
    filter, along e:  X = sum_j a_j [x_j > 0] y_j

(see `shortcutlib.minibatch`).  A batch of B divides the covariance of E X by B.  E and X are sums
of independent terms, one for each patch, so the moments of E X of order two follow from joint
moments of *single* patches up to order four, and in polar coordinates (x, y) = r (cos t, sin t)
those are E r^n times integrals of trigonometric polynomials over four arcs: Gauss-Legendre nodes
give them to the last digit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.teacher import Teacher

__all__ = ["Noise", "noise"]

#: E r^n for n = 0, ..., 4, r the length of a standard normal vector in the plane.
_RADIAL = (1.0, np.sqrt(np.pi / 2), 2.0, 3 * np.sqrt(np.pi / 2), 8.0)
#: Nodes on each arc: exact for trigonometric polynomials of degree four to rounding.
_NODES = 20


@dataclass(frozen=True, eq=False)
class Noise:
    """Mean and covariance of the gradient from one input; a batch of B divides the latter by B.

    Attributes
    ----------
    mean : ndarray, shape (3,)
        Gradient of the population loss in s, in q and along e.  A step of (8) subtracts eta_a times
        the first two from s and q; e points towards v*, so that eta_w times the third *adds* to phi
        (to first order).
    covariance : ndarray, shape (3, 3)
        In the same coordinates.
    across : float
        D, the variance of each of the p - 2 components of the filter's gradient across v and v*.
    """

    mean: FloatArray
    covariance: FloatArray
    across: float

    def of_step(
        self, angle: float, output_step: float, filter_step: float, batch: int, p: int
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and covariance of the change of (s, q, phi) in one step.

        Parameters
        ----------
        angle : float
            phi, inside (0, pi).
        output_step, filter_step : float
            Step sizes eta_a and eta_w.
        batch : int
            B, inputs a step.
        p : int
            Patch size.

        Returns
        -------
        drift : ndarray, shape (3,)
            To second order in eta_w: noise across the plane of v and v* adds
            (p - 2) cot(phi) eta_w^2 D/(2 B), a push towards the right angle.
        covariance : ndarray, shape (3, 3)
            To leading order.
        """
        change = np.array([-output_step, -output_step, filter_step])
        drift = change * self.mean
        drift[2] += (p - 2) / np.tan(angle) * filter_step**2 * self.across / (2 * batch)
        return drift, np.outer(change, change) * self.covariance / batch


def _arcs(angle: float) -> tuple[FloatArray, FloatArray]:
    """Directions of (x, y), and weights of sum 1, on the arcs where both ReLUs are linear."""
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    ends = np.array([-np.pi / 2, angle - np.pi / 2, np.pi / 2, angle + np.pi / 2, 3 * np.pi / 2])
    half = np.diff(ends) / 2
    turn = (ends[:-1] + half)[:, None] + half[:, None] * x
    return turn.ravel(), (half[:, None] * weight).ravel() / (2 * np.pi)


def _patch(angle: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """relu(x)/r, relu(t)/r, [x > 0] y/r and [x > 0] at the nodes, and the weights."""
    turn, weight = _arcs(angle)
    # The arcs end where the signs change, so no node is ambiguous.
    active = (np.cos(turn) > 0).astype(float)
    return (
        np.cos(turn) * active,
        np.maximum(np.cos(turn - angle), 0.0),
        np.sin(turn) * active,
        active,
        weight,
    )


def noise(teacher: Teacher, outputs: ArrayLike, angle: float) -> Noise:
    """The exact noise of a student.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    outputs : array_like, shape (k,)
        Output weights a.
    angle : float
        phi in [0, pi].

    Returns
    -------
    Noise

    Raises
    ------
    ValueError
        If the shape does not match the teacher or the angle is outside [0, pi].
    """
    a = np.asarray(outputs, dtype=float)
    if a.shape != (teacher.k,):
        raise ValueError(f"outputs has shape {a.shape}: the teacher needs ({teacher.k},)")
    _check_angle(angle)
    hidden, label, slope, active, weight = _patch(angle)
    star = teacher.output_weights
    error = a[:, None] * hidden - star[:, None] * label
    features = np.stack(
        [np.ones_like(a)[:, None] * hidden, star[:, None] * hidden, a[:, None] * slope]
    )
    one, two, three, four = _RADIAL[1:]
    # Raw moments of every patch: e, x, ee, ex, xy, eex, exy, eexy.
    e = one * error @ weight
    x = one * features @ weight
    ee = two * error**2 @ weight
    ex = two * (error * features) @ weight
    xy = two * np.einsum("ajn,bjn,n->abj", features, features, weight)
    eex = three * (error**2 * features) @ weight
    exy = three * np.einsum("jn,ajn,bjn,n->abj", error, features, features, weight)
    eexy = four * np.einsum("jn,ajn,bjn,n->abj", error**2, features, features, weight)

    # Central moments of every patch, then of the sums: those of order two and three add up.
    def pair(u: FloatArray, v: FloatArray) -> FloatArray:
        return u[:, None] * v[None, :]

    c_ee, c_ex, c_xy = ee - e * e, ex - e * x, xy - pair(x, x)
    t_eex = eex - 2 * e * ex - ee * x + 2 * e * e * x
    t_exy = exy - pair(ex, x) - pair(x, ex) - e * xy + 2 * e * pair(x, x)
    fourth = (
        eexy
        - 2 * e * exy
        - pair(x, eex)
        - pair(eex, x)
        + e * e * xy
        + 2 * e * (pair(x, ex) + pair(ex, x))
        + ee * pair(x, x)
        - 3 * e * e * pair(x, x)
    )
    excess = np.sum(fourth - c_ee * c_xy - 2 * pair(c_ex, c_ex), axis=-1)
    share = a * a / 2
    e_share = a * a * (one * (error * active) @ weight)
    ee_share = a * a * (two * (error**2 * active) @ weight)
    t_share = ee_share - 2 * e * e_share - ee * share + 2 * e * e * share
    return _assembled(
        float(e.sum()),
        x.sum(axis=-1),
        float(c_ee.sum()),
        c_ex.sum(axis=-1),
        c_xy.sum(axis=-1),
        t_eex.sum(axis=-1),
        t_exy.sum(axis=-1),
        excess,
        (float(share.sum()), float(np.sum(e_share - e * share)), float(t_share.sum())),
    )


def _assembled(
    e: float,
    x: FloatArray,
    c_ee: float,
    c_ex: FloatArray,
    c_xy: FloatArray,
    t_eex: FloatArray,
    t_exy: FloatArray,
    excess: FloatArray,
    share: tuple[float, float, float],
) -> Noise:
    """The noise of E X from the central moments of the sums E and X."""
    mean = e * x + c_ex
    fourth = excess + c_ee * c_xy + 2 * np.outer(c_ex, c_ex)
    crossed = np.outer(x, c_ex) + np.outer(c_ex, x)
    square = (
        e * e * (np.outer(x, x) + c_xy)
        + 2 * e * (crossed + t_exy)
        + c_ee * np.outer(x, x)
        + np.outer(x, t_eex)
        + np.outer(t_eex, x)
        + fourth
    )
    weights, with_e, with_ee = share
    across = (e * e + c_ee) * weights + 2 * e * with_e + with_ee
    return Noise(mean, square - np.outer(mean, mean), float(across))


def _check_angle(angle: float) -> None:
    if not 0 <= angle <= np.pi:
        raise ValueError(f"angle = {angle}: give radians in [0, pi]")
