"""Feature maps z = f_theta(x): deep random networks, and one hidden layer that is trained."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.unit import matrix
from shortcutlib.teacher import check_size

__all__ = ["HiddenLayer", "random_features"]


def random_features(
    inputs: ArrayLike, m: int, *, depth: int = 1, rng: np.random.Generator
) -> FloatArray:
    """Outputs of a random ReLU network: features for a fixed, arbitrary theta.

    Parameters
    ----------
    inputs : array_like, shape (n, d)
    m : int
        Width of every layer, and the number of features.
    depth : int, default 1
        Number of layers.
    rng : numpy.random.Generator
        Draws weights of variance 2 over the number of inputs of the layer, and biases.

    Returns
    -------
    ndarray, shape (n, m)

    Raises
    ------
    ValueError
        If a size is not a positive whole number.
    """
    check_size("m", m)
    check_size("depth", depth)
    hidden = matrix("inputs", inputs)
    for _ in range(depth):
        weights = rng.standard_normal((hidden.shape[1], m)) * np.sqrt(2 / hidden.shape[1])
        hidden = np.maximum(hidden @ weights + 0.1 * rng.standard_normal(m), 0)
    return hidden


class HiddenLayer(NamedTuple):
    """z = tanh(A x) with a matrix A that is trained; several runs may be stacked in front.

    Attributes
    ----------
    weights : ndarray, shape (..., m, d)
        theta = A.
    """

    weights: FloatArray

    def features(self, inputs: FloatArray) -> FloatArray:
        """z for one input of each run, of shape (..., d)."""
        return np.tanh(np.einsum("...md,...d->...m", self.weights, inputs))

    def gradient(self, inputs: FloatArray, features: FloatArray, pull: FloatArray) -> FloatArray:
        """Gradient in A of a function whose gradient in z is `pull`."""
        return ((1 - features**2) * pull)[..., :, None] * inputs[..., None, :]
