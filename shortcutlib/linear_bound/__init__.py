"""Residual units against linear predictors: the mathematics of Shamir (2018).

`unit` is the objective w'(x + V z) with its derivatives, `losses` what it is made of, `linear` the
yardstick, `bounds` the theorems, `descent` and `sgd` the algorithms, `example_1` the example of the
paper, `vector_outputs` the case of several outputs, `experiments` what the chapter shows.
"""

from shortcutlib.linear_bound.bounds import (
    comparison_matrix,
    curvature_bound,
    gradient_bound,
    origin_bound,
    sharp_gradient_bound,
    stationary_at_zero,
    uniform_bound,
)
from shortcutlib.linear_bound.descent import descend
from shortcutlib.linear_bound.linear import best_joint, best_linear
from shortcutlib.linear_bound.losses import LOGISTIC, SMOOTHED_HINGE, SQUARED, Loss
from shortcutlib.linear_bound.unit import ResidualUnit

__all__ = [
    "LOGISTIC",
    "SMOOTHED_HINGE",
    "SQUARED",
    "Loss",
    "ResidualUnit",
    "best_joint",
    "best_linear",
    "comparison_matrix",
    "curvature_bound",
    "descend",
    "gradient_bound",
    "origin_bound",
    "sharp_gradient_bound",
    "stationary_at_zero",
    "uniform_bound",
]
