"""What a trapped student is worth: its error against those of the simplest predictors.

All errors are half the mean squared error on fresh inputs, as the loss (7).  The student in the
trap sees relu(-Z_j'v*) where the teacher uses relu(Z_j'v*).  The best it can do with that, a-bar,
leaves

    1/(4 pi) [ (N - S^2/k) pi (pi - 2)/(pi - 1) + (S^2/k) pi (2 k + pi - 2)/(k + pi - 1) ].

The best constant is the teacher's mean output and leaves N (pi - 1)/(4 pi), half the variance of
the labels.  relu(x) is x/2 plus an even function, so the best linear predictor (with a constant) is
sum_j a*_j Z_j'v*/2 plus that mean, and leaves N (pi - 2)/(8 pi).  Neither depends on S.
"""

import numpy as np

from shortcutlib.teacher import Teacher

__all__ = ["constant_error", "linear_error", "spurious_error", "worse_than_constant_from"]


def spurious_error(teacher: Teacher) -> float:
    """Error of the student at the spurious point.

    Parameters
    ----------
    teacher : Teacher
        The network that gives the labels.

    Returns
    -------
    float
        About 0.1333 N if S^2 is far below k N.
    """
    k, mean_part = teacher.k, teacher.output_sum**2 / teacher.k
    across = (np.pi - 2) / (np.pi - 1) * (teacher.norm_squared - mean_part)
    along = (2 * k + np.pi - 2) / (k + np.pi - 1) * mean_part
    return float((across + along) / 4)


def constant_error(teacher: Teacher) -> float:
    """Error of the best constant, the mean label.

    Parameters
    ----------
    teacher : Teacher
        The network that gives the labels.

    Returns
    -------
    float
        N (pi - 1)/(4 pi), about 0.1704 N.
    """
    return float(teacher.norm_squared * (np.pi - 1) / (4 * np.pi))


def linear_error(teacher: Teacher) -> float:
    """Error of the best linear predictor, with a constant term.

    Parameters
    ----------
    teacher : Teacher
        The network that gives the labels.

    Returns
    -------
    float
        N (pi - 2)/(8 pi), about 0.0454 N.
    """
    return float(teacher.norm_squared * (np.pi - 2) / (8 * np.pi))


def worse_than_constant_from(k: int) -> float:
    """The share S^2/(k N) from which on the trapped student is worse than the best constant.

    Parameters
    ----------
    k : int
        Number of patches, at least 2.

    Returns
    -------
    float
        Between 0 and 1; about 0.101 for many patches.

    Raises
    ------
    ValueError
        If k is below 2.
    """
    if k < 2:
        raise ValueError(
            f"k = {k}: with one patch S^2 = N and there is nothing to vary; take k >= 2"
        )
    across = (np.pi - 2) / (np.pi - 1)
    along = (2 * k + np.pi - 2) / (k + np.pi - 1)
    return float(((np.pi - 1) / np.pi - across) / (along - across))
