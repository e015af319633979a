"""The networks on sampled inputs: forward passes, the minibatch loss and its gradients.

An input Z has p rows and k columns; column j is the patch Z_j.  A batch of n inputs is an array of
shape (n, p, k).  This module is the *definition* of the model: `population` averages it over
Gaussian inputs in closed form, and the tests compare the two.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.teacher import Teacher, check_size, shortcut_vector

__all__ = [
    "LossAndGradients",
    "minibatch_loss",
    "normalised_residual_network",
    "plain_cnn",
    "residual_network",
    "sample_inputs",
    "teacher_network",
    "weight_normalised_cnn",
]


class LossAndGradients(NamedTuple):
    """A loss with its gradients in the first-layer weight and in the output weights."""

    loss: float
    filter_gradient: FloatArray
    output_gradient: FloatArray


def sample_inputs(n: int, p: int, k: int, rng: np.random.Generator) -> FloatArray:
    """Draw n inputs with independent standard Gaussian entries.

    Parameters
    ----------
    n, p, k : int
        Number of inputs, patch size and number of patches, each at least 1.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    ndarray, shape (n, p, k)

    Raises
    ------
    ValueError
        If a size is not a positive whole number.
    """
    for name, value in (("n", n), ("p", p), ("k", k)):
        check_size(name, value)
    return rng.standard_normal((n, p, k))


def plain_cnn(v: ArrayLike, a: ArrayLike, Z: ArrayLike) -> FloatArray:
    """The plain convolutional network a' relu(Z'v), for a filter v of any length.

    Parameters
    ----------
    v : array_like, shape (p,)
        Convolutional weight.
    a : array_like, shape (k,)
        Output weights.
    Z : array_like, shape (n, p, k)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    Source: Liu et al. (2019), equation (1).
    """
    v, a, Z = _checked(v, a, Z)
    return np.maximum(_projections(v, Z), 0.0) @ a


def residual_network(w: ArrayLike, a: ArrayLike, Z: ArrayLike) -> FloatArray:
    """The residual form a' relu(Z'(1/sqrt(p) + w)): the shortcut added to the weight.

    Parameters
    ----------
    w : array_like, shape (p,)
        Residual weight; 0 leaves the average-pooling shortcut alone.
    a : array_like, shape (k,)
        Output weights.
    Z : array_like, shape (n, p, k)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    Source: Liu et al. (2019), equations (2) and (5); the printed (5) lacks the factor Z_j.
    """
    return plain_cnn(_with_shortcut(w), a, Z)


def weight_normalised_cnn(v: ArrayLike, a: ArrayLike, Z: ArrayLike) -> FloatArray:
    """The network a' relu(Z'v / |v|), whose output does not depend on the length of v.

    Parameters
    ----------
    v : array_like, shape (p,)
        Convolutional weight, not zero.
    a : array_like, shape (k,)
        Output weights.
    Z : array_like, shape (n, p, k)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit together or v is zero.

    Notes
    -----
    Source: Du et al. (2018), equation (3); with v = 1/sqrt(p) + w, Liu et al. (2019), equation (6).
    """
    v, a, Z = _checked(v, a, Z)
    return np.maximum(_projections(v / _length(v), Z), 0.0) @ a


def normalised_residual_network(w: ArrayLike, a: ArrayLike, Z: ArrayLike) -> FloatArray:
    """The student that the paper trains: residual form, then division by the weight's length.

    Parameters
    ----------
    w : array_like, shape (p,)
        Residual weight; w = -1/sqrt(p) is excluded.
    a : array_like, shape (k,)
        Output weights.
    Z : array_like, shape (n, p, k)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the shapes do not fit together or 1/sqrt(p) + w is zero.

    Notes
    -----
    Source: Liu et al. (2019), equation (6).
    """
    return weight_normalised_cnn(_with_shortcut(w), a, Z)


def teacher_network(teacher: Teacher, Z: ArrayLike) -> FloatArray:
    """Labels that the teacher gives to the inputs, without noise.

    Parameters
    ----------
    teacher : Teacher
        The parameters v* and a*.
    Z : array_like, shape (n, p, k)
        Inputs.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the inputs do not have the teacher's p and k.

    Notes
    -----
    Source: Liu et al. (2019), equation (4).
    """
    return plain_cnn(teacher.filter, teacher.output_weights, Z)


def minibatch_loss(
    filter_: ArrayLike,
    a: ArrayLike,
    Z: ArrayLike,
    labels: ArrayLike,
    *,
    residual: bool = True,
    normalised: bool = True,
) -> LossAndGradients:
    """Half the mean squared error on a batch, with its gradients.

    Parameters
    ----------
    filter_ : array_like, shape (p,)
        First-layer weight: w when `residual`, else v.
    a : array_like, shape (k,)
        Output weights.
    Z : array_like, shape (n, p, k)
        Inputs.
    labels : array_like, shape (n,)
        Targets, for instance ``teacher_network(teacher, Z)``.
    residual : bool, default True
        Add the shortcut 1/sqrt(p) to the weight.
    normalised : bool, default True
        Divide the weight by its length.

    Returns
    -------
    LossAndGradients
        The loss (1/2n) sum_i (f(Z_i) - y_i)^2, its gradient in `filter_` (shape (p,)) and its
        gradient in `a` (shape (k,)).  The derivative of relu at 0 is taken as 0; Gaussian inputs
        meet that point with probability zero.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight to be normalised is zero.

    Notes
    -----
    Source: Liu et al. (2019), equations (1), (2), (6) and (7), with a mean over samples for E.
    """
    weight = _with_shortcut(filter_) if residual else np.asarray(filter_, dtype=float)
    v, a, Z = _checked(weight, a, Z)
    y = np.asarray(labels, dtype=float)
    if y.shape != Z.shape[:1]:
        raise ValueError(f"labels has shape {y.shape}: give one label per input, {Z.shape[:1]}")
    length = _length(v) if normalised else 1.0
    direction = v / length
    projections = _projections(direction, Z)
    hidden = np.maximum(projections, 0.0)
    errors = hidden @ a - y
    # d(loss)/d(direction): each active patch passes its own column of Z back.
    back = (errors[:, None] * (projections > 0)) * a
    filter_gradient = np.einsum("nk,npk->p", back, Z) / y.size
    if normalised:
        # The chain rule through v / |v|: only the part across v counts, divided by |v|.
        filter_gradient = (filter_gradient - (filter_gradient @ direction) * direction) / length
    return LossAndGradients(
        loss=float(errors @ errors) / (2 * y.size),
        filter_gradient=filter_gradient,
        output_gradient=errors @ hidden / y.size,
    )


def _projections(v: FloatArray, Z: FloatArray) -> FloatArray:
    """Z_j' v for every input and patch, shape (n, k)."""
    return np.einsum("p,npk->nk", v, Z)


def _with_shortcut(w: ArrayLike) -> FloatArray:
    weight = np.asarray(w, dtype=float)
    if weight.ndim != 1 or weight.size == 0:
        raise ValueError(f"w has shape {weight.shape}: give a vector of p >= 1 entries")
    return shortcut_vector(weight.size) + weight


def _length(v: FloatArray) -> float:
    length = float(np.linalg.norm(v))
    if length == 0.0:
        raise ValueError("the first-layer weight is zero and has no direction: give another v or w")
    return length


def _checked(v: ArrayLike, a: ArrayLike, Z: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    v, a, Z = (np.asarray(x, dtype=float) for x in (v, a, Z))
    if Z.ndim != 3 or Z.size == 0:
        raise ValueError(f"Z has shape {Z.shape}: give inputs of shape (n, p, k)")
    if v.shape != Z.shape[1:2]:
        raise ValueError(f"the filter has shape {v.shape} but Z has patches of size {Z.shape[1]}")
    if a.shape != Z.shape[2:]:
        raise ValueError(f"a has shape {a.shape} but Z has {Z.shape[2]} patches")
    return v, a, Z
