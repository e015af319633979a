"""Three real data sets that come with scikit-learn, each as a residual unit."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound.features import random_features
from shortcutlib.linear_bound.losses import LOSSES, SQUARED
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = ["PROBLEMS", "Data", "Name", "load", "problem"]

Name = Literal["breast cancer", "diabetes", "digits"]

#: Every pair of data set and loss of the chapter.
PROBLEMS: tuple[tuple[Name, str], ...] = (
    ("diabetes", "squared"),
    ("breast cancer", "squared"),
    ("breast cancer", "logistic"),
    ("breast cancer", "smoothed hinge"),
    ("digits", "squared"),
    ("digits", "logistic"),
    ("digits", "smoothed hinge"),
)


class Data(NamedTuple):
    """Inputs, shape (n, d), each column of mean 0 and variance 1 and the last all 1; targets."""

    inputs: FloatArray
    targets: FloatArray


def load(name: Name) -> Data:
    """Load a data set; it needs scikit-learn, but no network.

    Parameters
    ----------
    name : {"breast cancer", "diabetes", "digits"}
        Breast cancer: the ten mean features, malignant (-1) or benign (1).  Diabetes: ten features,
        the progression, of mean 0 and variance 1.  Digits: images averaged down to 4 x 4 pixels,
        even (1) or odd (-1).

    Returns
    -------
    Data

    Raises
    ------
    ValueError
        If there is no such data set.
    ImportError
        If scikit-learn is missing.

    Notes
    -----
    The thirty features of the breast cancer data can be separated by a hyperplane, so that the
    least logistic loss of a linear predictor would be 0: a comparison that says nothing.
    """
    if name not in get_args(Name):
        raise ValueError(f"{name!r}: choose one of {', '.join(get_args(Name))}")
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError(
            "these data come with scikit-learn: pip install scikit-learn (or shortcutlib[data])"
        ) from None
    x: FloatArray
    if name == "breast cancer":
        raw = datasets.load_breast_cancer()
        x, y = raw.data[:, :10], 2.0 * raw.target - 1
    elif name == "diabetes":
        raw = datasets.load_diabetes(scaled=False)
        x, y = raw.data, (raw.target - raw.target.mean()) / raw.target.std()
    else:
        raw = datasets.load_digits()
        x = raw.images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
        y = 1.0 - 2 * (raw.target % 2)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return Data(np.hstack([x, np.ones((len(x), 1))]), np.asarray(y, dtype=float))


def problem(name: Name, loss: str, *, m: int = 8, depth: int = 2, seed: int = 0) -> ResidualUnit:
    """A data set with a loss, and the features of a random network.

    Parameters
    ----------
    name : {"breast cancer", "diabetes", "digits"}
    loss : {"squared", "logistic", "smoothed hinge"}
    m : int, default 8
        Number of features.
    depth : int, default 2
        Layers of the random network.
    seed : int, default 0
        Of the random network.

    Returns
    -------
    ResidualUnit

    Raises
    ------
    ValueError
        If there is no such data set or loss, or a classification loss meets the diabetes data.
    """
    if loss not in LOSSES:
        raise ValueError(f"{loss!r}: choose one of {', '.join(LOSSES)}")
    if name == "diabetes" and LOSSES[loss] is not SQUARED:
        raise ValueError("the diabetes data have no classes: take the squared loss")
    inputs, targets = load(name)
    features = random_features(inputs, m, depth=depth, rng=np.random.default_rng([seed, m, depth]))
    return ResidualUnit(inputs, features, targets, LOSSES[loss])
