"""Where training starts: uniform draws from balls and spheres, whole or already reduced.

The paper draws a_0 uniformly from the ball of radius |S|/sqrt(k).  Of its k coordinates only two
matter (along 1, and along the rest of a*), so the reduced draw makes exactly those two and the norm
of the others: for a uniform direction they are two normal numbers and a chi variable, divided by
their common length.  No vector of length k is ever built.
"""

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.paths import Network, check_network
from shortcutlib.reduced import ReducedState
from shortcutlib.teacher import Teacher, check_size

__all__ = ["sample_ball", "sample_reduced", "sample_sphere"]


def sample_sphere(n: int, dimension: int, rng: np.random.Generator) -> FloatArray:
    """Draw n points uniformly from the unit sphere.

    Parameters
    ----------
    n, dimension : int
        Number of points and of coordinates, each at least 1.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    ndarray, shape (n, dimension)

    Raises
    ------
    ValueError
        If a size is not a positive whole number.

    Notes
    -----
    Source: Muller (1959), normalised Gaussian vectors.
    """
    check_size("n", n)
    check_size("dimension", dimension)
    points = rng.standard_normal((n, dimension))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def sample_ball(n: int, dimension: int, radius: float, rng: np.random.Generator) -> FloatArray:
    """Draw n points uniformly from the ball of the given radius around 0.

    Parameters
    ----------
    n, dimension : int
        Number of points and of coordinates, each at least 1.
    radius : float
        Radius, at least 0.
    rng : numpy.random.Generator
        Source of the randomness.

    Returns
    -------
    ndarray, shape (n, dimension)

    Raises
    ------
    ValueError
        If a size is not a positive whole number or the radius is negative.
    """
    if not 0 <= radius < np.inf:
        raise ValueError(f"radius = {radius}: give a finite number of at least 0")
    directions = sample_sphere(n, dimension, rng)
    return radius * rng.random((n, 1)) ** (1 / dimension) * directions


def sample_reduced(
    teacher: Teacher, n: int, rng: np.random.Generator, network: Network = "residual"
) -> ReducedState:
    """Draw n of the paper's starts in reduced coordinates.

    Parameters
    ----------
    teacher : Teacher
        The network to recover.
    n : int
        Number of starts, at least 1.
    rng : numpy.random.Generator
        Source of the randomness.
    network : {"residual", "cnn"}
        The residual student starts at w_0 = 0; the CNN's filter is uniform on the sphere.

    Returns
    -------
    ReducedState
        Arrays of shape (n,); a_0 is uniform in the ball of radius |S|/sqrt(k).

    Raises
    ------
    ValueError
        If n is not a positive whole number or the network is unknown.

    Notes
    -----
    Source: Liu et al. (2019), section 4.
    """
    check_size("n", n)
    check_network(network)
    k, across = teacher.k, teacher.spread
    along = rng.standard_normal(n)
    sideways = rng.standard_normal(n) if across > 0 else np.zeros(n)
    # A chi-square with d degrees of freedom is twice a gamma of shape d/2; numpy allows shape 0.
    free = k - (2 if across > 0 else 1)
    others = np.sqrt(2 * rng.standard_gamma(free / 2, n))
    scale = teacher.start_radius * rng.random(n) ** (1 / k)
    scale = scale / np.sqrt(along**2 + sideways**2 + others**2)
    output_sum = np.sqrt(k) * scale * along
    if network == "residual":
        angle = np.full(n, teacher.angle)
    else:
        height = rng.standard_normal(n)
        angle = np.arctan2(np.sqrt(2 * rng.standard_gamma((teacher.p - 1) / 2, n)), height)
    return ReducedState(
        output_sum=output_sum,
        alignment=output_sum * teacher.output_sum / k + np.sqrt(across) * scale * sideways,
        angle=angle,
        orthogonal_norm=scale * others,
        filter_norm=np.ones(n),
    )
