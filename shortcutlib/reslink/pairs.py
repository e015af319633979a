"""Section 5.5: telling two digits apart by the output of ResLink against a threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.network import output

__all__ = [
    "RATE",
    "SPECTRAL",
    "STEPS",
    "PairResult",
    "best_threshold",
    "clip_spectral_norm",
    "train_pair",
]

#: The paper's bound on the spectral norm; and our number of steps and step size.
SPECTRAL, STEPS, RATE = 0.6, 300, 0.3


class PairResult(NamedTuple):
    """Shares of wrong answers on the training images of two classes."""

    error_at_zero: float
    error: float
    threshold: float
    weights: FloatArray


def best_threshold(values: FloatArray, second: NDArray[np.bool_]) -> tuple[float, bool, float]:
    """The threshold between two classes with the fewest errors.

    Parameters
    ----------
    values : ndarray, shape (n,)
        A number for every image.
    second : ndarray of bool, shape (n,)
        Which images are of the second class.

    Returns
    -------
    threshold : float
        Halfway between two neighbouring values.
    above : bool
        Whether the second class is the one above.
    error : float
        Share of images on the wrong side.

    Raises
    ------
    ValueError
        If a class is empty.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.5, the threshold T_{A,B}.
    """
    n = len(values)
    if not 0 < np.count_nonzero(second) < n:
        raise ValueError("one of the two classes has no images: give some of each")
    order = np.argsort(values, kind="stable")
    ordered, mark = values[order], second[order]
    # With the first m values below the threshold and the second class above it:
    wrong = np.concatenate([[0], np.cumsum(mark)]) + np.concatenate(
        [np.cumsum(~mark[::-1])[::-1], [0]]
    )
    # A threshold can only lie between different values.
    allowed = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])
    best: tuple[float, bool, float] | None = None
    for above, errors in ((True, wrong), (False, n - wrong)):
        m = int(np.argmin(np.where(allowed, errors, n + 1)))
        if best is None or errors[m] < best[2] * n:
            low = ordered[m - 1] if m > 0 else ordered[0] - 1
            high = ordered[m] if m < n else ordered[-1] + 1
            best = float(low + high) / 2, above, float(errors[m]) / n
    assert best is not None
    return best


def clip_spectral_norm(weights: FloatArray, largest: float) -> FloatArray:
    """The nearest matrix whose singular values are at most `largest`.

    Parameters
    ----------
    weights : ndarray, shape (d, d)
        Any matrix.
    largest : float
        Bound on the spectral norm.

    Returns
    -------
    ndarray, shape (d, d)
    """
    left, sigma, right = np.linalg.svd(weights)
    if sigma[0] <= largest:
        return weights
    return (left * np.minimum(sigma, largest)) @ right


def train_pair(
    images: FloatArray,
    second: NDArray[np.bool_],
    *,
    spectral: float = SPECTRAL,
    steps: int = STEPS,
    rate: float = RATE,
) -> PairResult:
    """Train ResLink to tell two classes apart, with a bound on the spectral norm.

    Parameters
    ----------
    images : ndarray, shape (n, d)
        Training images of both classes.
    second : ndarray of bool, shape (n,)
        Which are of the second class.
    spectral : float, default 0.6
        Largest spectral norm of W.
    steps : int, default 300
        Steps of projected gradient descent on the mean logistic loss of the margin.
    rate : float, default 0.3
        Step size, for images scaled so that ``E |x|^2 = 1``.

    Returns
    -------
    PairResult
        The weights are the best of all steps.

    Raises
    ------
    ValueError
        If a class is empty or the bound is not positive.

    Notes
    -----
    The threshold stays the best one for W = 0, as in the paper, which does not say how W was found.
    Source: Li and Yuan (2017), section 5.5.
    """
    if not spectral > 0:
        raise ValueError(f"the bound on the spectral norm is {spectral}: give a positive number")
    d = images.shape[1]
    weights = np.zeros((d, d))
    start = output(images, weights)
    threshold, above, error_at_zero = best_threshold(start, second)
    sign = np.where(second == above, 1.0, -1.0)
    # Margins in units of the outputs' own spread; a step in units of the images' size.
    unit = float(np.std(start))
    scale = rate * unit**2 / float(np.mean(np.einsum("ij,ij->i", images, images)))
    best = error_at_zero, weights
    for _ in range(steps):
        hidden = images + images @ weights
        active = hidden > 0
        margin = sign * (np.einsum("ij,ij->i", hidden, active) - threshold) / unit
        slope = -sign / (1 + np.exp(np.clip(margin, -500, 500))) / (unit * len(images))
        gradient = images.T @ (active * slope[:, np.newaxis])
        weights = clip_spectral_norm(weights - scale * gradient, spectral)
        wrong = float(np.mean(sign * (output(images, weights) - threshold) <= 0))
        if wrong < best[0]:
            best = wrong, weights
    return PairResult(error_at_zero, best[0], threshold, best[1])
