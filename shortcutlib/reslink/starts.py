"""Matrices with prescribed norms: random ones, and one from which the gradient points away."""

import numpy as np

from shortcutlib.angles import FloatArray

__all__ = ["random_matrix", "wrong_way_start"]


def _orthogonal(d: int, rng: np.random.Generator) -> FloatArray:
    """A uniformly distributed orthogonal matrix."""
    q, r = np.linalg.qr(rng.standard_normal((d, d)))
    # Without the signs the distribution is not the uniform one.
    return q * np.sign(np.diag(r))


def random_matrix(
    d: int, spectral: float, frobenius: float, rng: np.random.Generator
) -> FloatArray:
    """A random matrix with a given spectral and Frobenius norm.

    Parameters
    ----------
    d : int
        Its size, at least 2.
    spectral, frobenius : float
        The norms; ``spectral <= frobenius <= sqrt(d) spectral`` for any matrix, and here the
        singular values are a power of evenly spaced numbers, so the extremes are excluded.
    rng : numpy.random.Generator
        Source of the two orthogonal factors.

    Returns
    -------
    ndarray, shape (d, d)
        ``U diag(sigma) V'`` with uniform orthogonal U, V.

    Raises
    ------
    ValueError
        If no such matrix exists.

    Notes
    -----
    A Gaussian matrix with these Frobenius norms would have twice the spectral norm that section 5.2
    of Li and Yuan (2017) gives: its spectrum is not flat enough.
    """
    if d < 2:
        raise ValueError(f"d is {d}: give at least 2")
    if not 0 < spectral < frobenius < np.sqrt(d) * spectral:
        raise ValueError(
            f"no matrix of size {d} has spectral norm {spectral:g} and Frobenius norm "
            f"{frobenius:g}: the latter lies between the former and {np.sqrt(d) * spectral:g}"
        )
    spaced = np.arange(1, d + 1) / d
    wanted = (frobenius / spectral) ** 2
    low, high = -60.0, 60.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        # Larger powers leave fewer singular values near the largest.
        if np.sum(spaced ** (2 * np.exp(middle))) > wanted:
            low = middle
        else:
            high = middle
    sigma = spectral * spaced ** np.exp(0.5 * (low + high))
    return (_orthogonal(d, rng) * sigma) @ _orthogonal(d, rng).T


def wrong_way_start(
    d: int, frobenius: float, rng: np.random.Generator, *, trace: float = -0.75
) -> FloatArray:
    """A start for the teacher W* = 0 at which following the gradient leads away from it.

    Parameters
    ----------
    d : int
        Size of the matrix, at least 4.
    frobenius : float
        Its Frobenius norm.
    rng : numpy.random.Generator
        Source of the orthogonal factor.
    trace : float, default -0.75
        The trace in units of the squared Frobenius norm, T / |W|_F^2.

    Returns
    -------
    ndarray, shape (d, d)
        ``W = alpha K - c (I - uu'/d)``: K is skew, has all its singular values equal (but for one
        or two that vanish), and maps the vector u of ones to zero.

    Raises
    ------
    ValueError
        If the sizes do not fit.

    Notes
    -----
    Why this works.  For W* = 0 and small W the inner product of Definition 2.4 is, up to
    higher orders,
    ``|W|^2/2 + |Wu|^2/2 + (tr(W)^2 + tr(W^2))/pi`` with corrections from the potential.  The
    skew part makes tr(W^2) as negative as it can be, W u = 0 removes the second term; the trace
    then is chosen where the potential's terms ``tr(W) (tr(W) + |W|^2)`` are negative, and
    in high dimension they win.
    Source: Li and Yuan (2017), section 5.3, which says only that such a matrix is constructed.
    """
    if d < 4:
        raise ValueError(f"d is {d}: give at least 4")
    shift = trace * frobenius**2 / (d - 1)
    skew = frobenius**2 - shift**2 * (d - 1)
    if not (frobenius > 0 and skew > 0):
        raise ValueError(
            f"Frobenius norm {frobenius:g} and trace {trace:g} |W|^2 do not fit size {d}: "
            "give a smaller norm"
        )
    # An orthonormal basis of the vectors with sum zero, turned at random.
    ones = np.full((d, 1), 1 / np.sqrt(d))
    gaussian = rng.standard_normal((d, d - 1))
    basis = np.linalg.qr(gaussian - ones @ (ones.T @ gaussian))[0]
    half = (d - 1) // 2
    left, right = basis[:, :half], basis[:, half : 2 * half]
    plane = left @ right.T
    alpha = np.sqrt(skew / (2 * half))
    return alpha * (plane - plane.T) + shift * (np.eye(d) - ones @ ones.T)
