"""The population loss: what training minimises when there is unlimited Gaussian data.

For the weight-normalised network a' relu(Z'v/|v|) and a teacher (v*, a*), with s = 1'a, S = 1'a*,
q = a'a* and phi the angle between v and v*,

    L = (1/4pi) [ (s - S)^2 + (pi - 1) |a - a*|^2 + 2 (pi - g(phi)) q ].

Every function takes v itself; for the residual student pass v = 1/sqrt(p) + w (gradients in w and
in v are the same).  The length of v matters only for the gradients and the Hessian, which shrink
with it; on unit vectors they are the ones of the paper.
"""

from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray, angle_between, tangent_projection, unit
from shortcutlib.relu_kernel import g, g_deficit
from shortcutlib.teacher import Teacher

__all__ = [
    "CriticalPoint",
    "Evaluation",
    "SpuriousKind",
    "evaluate",
    "filter_gradient",
    "global_optimum",
    "hessian",
    "loss",
    "output_gradient",
    "saddle_angle",
    "spurious_kind",
    "spurious_point",
    "tangent_basis",
    "tangent_hessian",
]


class CriticalPoint(NamedTuple):
    """A point with zero gradient: unit filter v, shape (p,), and outputs a, shape (k,)."""

    v: FloatArray
    a: FloatArray


class Evaluation(NamedTuple):
    """Everything that one step of gradient descent needs, computed at once.

    Attributes
    ----------
    angle : float
        phi, between v and v*.
    loss : float
        Expected loss.
    filter_gradient : ndarray, shape (p,)
        Gradient in v.
    output_gradient : ndarray, shape (k,)
        Gradient in a.
    """

    angle: float
    loss: float
    filter_gradient: FloatArray
    output_gradient: FloatArray


class SpuriousKind(Enum):
    """What the point (-v*, a-bar) of Proposition 1 really is."""

    MINIMUM = "local minimum"
    SADDLE = "saddle"


def evaluate(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> Evaluation:
    """Angle, expected loss and both gradients of the weight-normalised student.

    Parameters
    ----------
    v : array_like, shape (p,)
        First-layer weight, not zero; 1/sqrt(p) + w for the residual student.
    a : array_like, shape (k,)
        Output weights.
    teacher : Teacher
        The network that gives the labels.

    Returns
    -------
    Evaluation
        The loss is relatively accurate down to the global optimum, where it is 0.  The gradients
        are (1/2pi) [ (11' + (pi - 1) I) a - (11' + (g - 1) I) a* ] in a and, with u = v/|v|,
        -(q/2pi) (pi - phi) (I - uu') v* / |v| in v, which is orthogonal to v.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.

    Notes
    -----
    Source: Liu et al. (2019), equation (7), in closed form.
    """
    v, a = _checked(v, a, teacher)
    u = unit(v)
    angle = angle_between(u, teacher.filter)
    deficit = float(g_deficit(angle))
    alignment = float(a @ teacher.output_weights)
    away = a - teacher.output_weights
    total = float(np.sum(away))
    slope = -alignment * (np.pi - angle) / (2 * np.pi * float(np.linalg.norm(v)))
    return Evaluation(
        angle=angle,
        loss=float(total**2 + (np.pi - 1) * (away @ away) + 2 * deficit * alignment) / (4 * np.pi),
        filter_gradient=slope * tangent_projection(u, teacher.filter),
        output_gradient=(total + (np.pi - 1) * away + deficit * teacher.output_weights)
        / (2 * np.pi),
    )


def loss(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> float:
    """Expected loss of the weight-normalised student, half the mean squared error.

    Parameters
    ----------
    v, a, teacher
        As for `evaluate`.

    Returns
    -------
    float
        L >= 0.
    """
    return evaluate(v, a, teacher).loss


def output_gradient(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> FloatArray:
    """Gradient of the expected loss in the output weights.

    Parameters
    ----------
    v, a, teacher
        As for `evaluate`.

    Returns
    -------
    ndarray, shape (k,)
    """
    return evaluate(v, a, teacher).output_gradient


def filter_gradient(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> FloatArray:
    """Gradient of the expected loss in v, which is also the gradient in w.

    Parameters
    ----------
    v, a, teacher
        As for `evaluate`.

    Returns
    -------
    ndarray, shape (p,)
    """
    return evaluate(v, a, teacher).filter_gradient


def hessian(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> FloatArray:
    """Second derivatives of the expected loss in (v, a), with v free.

    Parameters
    ----------
    v, a, teacher
        As for `evaluate`.

    Returns
    -------
    ndarray, shape (p + k, p + k)
        Symmetric; the first p rows and columns belong to v.  The kernel g has a continuous second
        derivative on [0, pi], so the Hessian exists everywhere, the ends included.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.
    """
    v, a = _checked(v, a, teacher)
    p, k = teacher.p, teacher.k
    length = float(np.linalg.norm(v))
    u = unit(v)
    phi = angle_between(u, teacher.filter)
    alignment = float(a @ teacher.output_weights)
    across = tangent_projection(u, teacher.filter)
    sine = float(np.linalg.norm(across))

    # On the sphere: curvature along the great circle to v*, and across it.  Where v and v* are
    # parallel the two agree and the direction does not matter.
    sideways = (np.pi - phi) * np.cos(phi)
    forward = across / sine if sine > 0 else np.zeros(p)
    curvature = sideways * (np.eye(p) - np.outer(u, u)) - np.sin(phi) * np.outer(forward, forward)
    # Free v: the loss does not change along v, so its gradient turns and shrinks there.
    slope = -(np.pi - phi) * across
    radial = np.outer(u, slope)
    block_vv = alignment * (curvature - radial - radial.T) / (2 * np.pi * length**2)
    block_va = np.outer(slope, teacher.output_weights) / (2 * np.pi * length)
    block_aa = (np.ones((k, k)) + (np.pi - 1) * np.eye(k)) / (2 * np.pi)
    return np.block([[block_vv, block_va], [block_va.T, block_aa]])


def tangent_basis(v: ArrayLike) -> FloatArray:
    """Orthonormal basis of the directions orthogonal to v, as columns.

    Parameters
    ----------
    v : array_like, shape (p,)
        A vector that is not zero.

    Returns
    -------
    ndarray, shape (p, p - 1)

    Raises
    ------
    ValueError
        If v has no direction.
    """
    u = unit(v)
    # A Householder reflection takes the first axis to +-u; its other columns are orthogonal to u.
    mirror = u.copy()
    mirror[0] += np.copysign(1.0, u[0])
    mirror /= np.linalg.norm(mirror)
    return (np.eye(u.size) - 2 * np.outer(mirror, mirror))[:, 1:]


def tangent_hessian(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> FloatArray:
    """Hessian on the sphere |v| = 1: the radial direction, along which nothing changes, left out.

    Parameters
    ----------
    v : array_like, shape (p,)
        First-layer weight; only its direction is used.
    a, teacher
        As for `evaluate`.

    Returns
    -------
    ndarray, shape (p - 1 + k, p - 1 + k)
        In the basis ``tangent_basis(v)`` for v and the coordinate axes for a.

    Raises
    ------
    ValueError
        If the shapes do not match the teacher or v is zero.

    Notes
    -----
    The loss is constant along v, so the projected Euclidean Hessian is the Riemannian one
    (Absil, Mahony and Sepulchre, 2008, section 5.5).
    """
    full = hessian(unit(v), a, teacher)
    p, k = teacher.p, teacher.k
    frame = np.zeros((p + k, p - 1 + k))
    frame[:p, : p - 1] = tangent_basis(v)
    frame[p:, p - 1 :] = np.eye(k)
    return frame.T @ full @ frame


def global_optimum(teacher: Teacher) -> CriticalPoint:
    """The only point on |v| = 1 with zero loss: the teacher itself.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.

    Returns
    -------
    CriticalPoint
        (v*, a*).

    Notes
    -----
    Source: Liu et al. (2019), Proposition 1.
    """
    return CriticalPoint(teacher.filter.copy(), teacher.output_weights.copy())


def spurious_point(teacher: Teacher) -> CriticalPoint:
    """The other critical point with parallel filters: v = -v*, and the best a for that v.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.

    Returns
    -------
    CriticalPoint
        (-v*, a-bar) with a-bar = (11' + (pi - 1) I)^-1 (11' - I) a*.

    Notes
    -----
    Source: Liu et al. (2019), Proposition 1, which calls it a spurious local optimum;
    `spurious_kind` says when it is one.
    """
    k, total = teacher.k, teacher.output_sum
    # Sherman and Morrison, with the sum of a-bar, (k - 1) S / (k + pi - 1), put in.
    a = (total - (k - 1) * total / (k + np.pi - 1) - teacher.output_weights) / (np.pi - 1)
    return CriticalPoint(-teacher.filter, a)


def spurious_kind(teacher: Teacher) -> SpuriousKind:
    """Whether the spurious point is a local minimum or not a minimum at all.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.

    Returns
    -------
    SpuriousKind
        MINIMUM if and only if S^2 < N (k + pi - 1) / pi, the sign of a-bar'a* decides.  Values
        within rounding of equality, where it is a saddle, count as equal (every teacher with k = 1
        is such a case).

    Notes
    -----
    Corrects the second half of Proposition 1 of Liu et al. (2019), which has no condition.  The
    tangent Hessian's filter block is zero there, so the question is settled by the third order:
    at angle pi - e the loss changes by -(a-bar'a*) e^3 / (6 pi).
    """
    left = np.pi * teacher.output_sum**2
    right = teacher.norm_squared * (teacher.k + np.pi - 1)
    return SpuriousKind.MINIMUM if left < right * (1 - 1e-12) else SpuriousKind.SADDLE


def saddle_angle(teacher: Teacher) -> float | None:
    """Angle of the saddles that separate the two optima, if there are any.

    The critical points with 0 < phi < pi have a'a* = 0; they form a sphere of filters at one angle
    from v*, with one vector a.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.

    Returns
    -------
    float or None
        The angle phi with g(phi) = (1 - pi r) / (1 - r), r = S^2 / (N (k + pi - 1)), or None when
        the spurious point is itself a saddle and there are no others.
    """
    if spurious_kind(teacher) is SpuriousKind.SADDLE:
        return None
    r = teacher.output_sum**2 / (teacher.norm_squared * (teacher.k + np.pi - 1))
    target = (1 - np.pi * r) / (1 - r)
    low, high = 0.0, np.pi
    # g falls from pi to 0; bisection to the last bit needs no derivative (g is flat at both ends).
    while (middle := 0.5 * (low + high)) not in (low, high):
        if g(middle) > target:
            low = middle
        else:
            high = middle
    return middle


def _checked(v: ArrayLike, a: ArrayLike, teacher: Teacher) -> tuple[FloatArray, FloatArray]:
    v, a = np.asarray(v, dtype=float), np.asarray(a, dtype=float)
    if v.shape != (teacher.p,):
        raise ValueError(f"v has shape {v.shape}, but the teacher has p = {teacher.p}")
    if a.shape != (teacher.k,):
        raise ValueError(f"a has shape {a.shape}, but the teacher has k = {teacher.k}")
    return v, a
