"""ResLink, the two-layer network with an identity link of Li and Yuan (2017).

The mathematics needs NumPy alone; `worst_case` needs SciPy and the images scikit-learn.
"""

from shortcutlib.reslink.adversary import (
    POTENTIAL_CAP,
    Worst,
    small_limit,
    worst_case,
)
from shortcutlib.reslink.convexity import (
    OnePoint,
    convergence_bound,
    convergence_step,
    enough_steps,
    inner_product,
    one_point,
)
from shortcutlib.reslink.descent import FreshBatches, TrainingSet
from shortcutlib.reslink.exchangeable import Blocks, BlocksState, blocks, measure_blocks
from shortcutlib.reslink.network import BatchGradient, batch_gradient, output, vanilla_output
from shortcutlib.reslink.population import (
    LossGradient,
    column_angles,
    gradient,
    loss,
    loss_and_gradient,
)
from shortcutlib.reslink.potential import drift, mismatch_matrix, potential, potential_without
from shortcutlib.reslink.starts import random_matrix, wrong_way_start

__all__ = [
    "POTENTIAL_CAP",
    "BatchGradient",
    "Blocks",
    "BlocksState",
    "FreshBatches",
    "LossGradient",
    "OnePoint",
    "TrainingSet",
    "Worst",
    "batch_gradient",
    "blocks",
    "column_angles",
    "convergence_bound",
    "convergence_step",
    "drift",
    "enough_steps",
    "gradient",
    "inner_product",
    "loss",
    "loss_and_gradient",
    "measure_blocks",
    "mismatch_matrix",
    "one_point",
    "output",
    "potential",
    "potential_without",
    "random_matrix",
    "small_limit",
    "vanilla_output",
    "worst_case",
    "wrong_way_start",
]
