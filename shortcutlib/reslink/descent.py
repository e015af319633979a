"""Mini-batch SGD on ResLink or its twin, on fresh Gaussian inputs or on a fixed training set."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.convexity import one_point
from shortcutlib.reslink.network import batch_gradient, checked_weights, output, vanilla_output
from shortcutlib.reslink.potential import drift, potential
from shortcutlib.reslink.resumable import restore_generator

__all__ = ["FreshBatches", "Precision", "TrainingSet"]

#: Of the steps; everything that is measured is in double precision.
Precision = Literal["single", "double"]


def _type_of(precision: Precision) -> Any:
    if precision not in ("single", "double"):
        raise ValueError(f"precision is {precision!r}: give 'single' or 'double'")
    return np.float32 if precision == "single" else np.float64


def _check_run(batch: int, rate: float) -> None:
    if batch < 1:
        raise ValueError(f"the batch has {batch} inputs: give at least 1")
    if not rate > 0:
        raise ValueError(f"the step size is {rate}: give a positive number")


class FreshBatches:
    """SGD on ResLink, every batch drawn anew from the Gaussian.

    Parameters
    ----------
    start, teacher : array_like, shape (d, d)
        W_0 and W*.
    rng : numpy.random.Generator
        Of the kind PCG64; source of the inputs.
    batch : int, default 300
        Inputs a step.
    rate : float, default 1e-4
        Step size.
    precision : {"single", "double"}
        Of the steps.

    Attributes
    ----------
    weights : ndarray, shape (d, d)
        The current W.
    step : int
        Steps done.

    Raises
    ------
    ValueError
        If a size or number does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.3 (its batch and its step size are the defaults).
    """

    def __init__(
        self,
        start: ArrayLike,
        teacher: ArrayLike,
        rng: np.random.Generator,
        *,
        batch: int = 300,
        rate: float = 1e-4,
        precision: Precision = "double",
    ) -> None:
        _check_run(batch, rate)
        kind = _type_of(precision)
        self.weights: FloatArray = checked_weights(start).astype(kind)
        self.teacher = checked_weights(teacher, "W*").astype(kind)
        if self.weights.shape != self.teacher.shape:
            raise ValueError(
                f"W has shape {self.weights.shape} and W* {self.teacher.shape}: "
                "give two of the same size"
            )
        self._rng = rng
        self._batch = batch
        self._rate = kind(rate)
        # The teacher W* = 0 needs no product.
        self._plain_teacher = not np.any(self.teacher)
        self.step = 0

    def advance(self, step: int) -> None:
        """Do steps until `step` are done.

        Parameters
        ----------
        step : int
            Total number of steps afterwards.
        """
        d = len(self.weights)
        while self.step < step:
            inputs = self._rng.standard_normal((self._batch, d), dtype=self.weights.dtype.type)
            if self._plain_teacher:
                targets = np.maximum(inputs, 0).sum(axis=1)
            else:
                targets = output(inputs, self.teacher)
            found = batch_gradient(self.weights, inputs, targets)
            self.weights = self.weights - self._rate * found.gradient
            self.step += 1

    def measure(self) -> dict[str, Any]:
        """Distance, inner product, potential, drift and loss of the population, at this W.

        Returns
        -------
        dict
        """
        here = one_point(self.weights, self.teacher)
        return {
            "distance": float(np.sqrt(here.squared_distance)),
            "inner_product": here.inner_product,
            "potential": potential(self.weights, self.teacher),
            "drift": float(np.linalg.norm(drift(self.weights, self.teacher))),
            "loss": here.loss,
        }

    def state(self) -> tuple[Mapping[str, NDArray[Any]], dict[str, Any]]:
        """The weights, and the state of the random numbers."""
        return {"weights": self.weights}, {"generator": self._rng.bit_generator.state}

    def restore(self, arrays: Mapping[str, NDArray[Any]], values: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights = arrays["weights"]
        self._rng = restore_generator(values["generator"])


class TrainingSet:
    """SGD over a fixed training set, epoch by epoch; one step is one epoch.

    Parameters
    ----------
    start : array_like, shape (d, d)
        W_0, or V_0 where there is no identity link.
    teacher : array_like, shape (d, d)
        W* of the ResLink teacher, which both kinds of student imitate.
    training, test : array_like, shape (n, d)
        Inputs.
    rng : numpy.random.Generator
        Of the kind PCG64; source of the order in each epoch.
    link : bool, default True
        Whether the student has the identity link.
    batch : int, default 200
        Inputs a step; a remainder smaller than a batch is a step of its own.
    rate : float, default 1e-3
        Step size.
    precision : {"single", "double"}
        Of the steps.

    Attributes
    ----------
    weights : ndarray, shape (d, d)
        The current W, or V.
    targets : ndarray, shape (n,)
        The teacher's answers to the training inputs.
    step : int
        Epochs done.

    Raises
    ------
    ValueError
        If a size or number does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.2 (its batch and its step size are the defaults).
    """

    def __init__(
        self,
        start: ArrayLike,
        teacher: ArrayLike,
        training: ArrayLike,
        test: ArrayLike,
        rng: np.random.Generator,
        *,
        link: bool = True,
        batch: int = 200,
        rate: float = 1e-3,
        precision: Precision = "double",
    ) -> None:
        _check_run(batch, rate)
        kind = _type_of(precision)
        self.weights: FloatArray = checked_weights(start).astype(kind)
        truth = checked_weights(teacher, "W*").astype(kind)
        self._training = np.asarray(training, dtype=kind)
        self._test = np.asarray(test, dtype=kind)
        self.targets = output(self._training, truth)
        self._test_targets = output(self._test, truth)
        self._rng = rng
        self._batch = batch
        self._rate = kind(rate)
        self._link = link
        self._teacher = truth.astype(float)
        self.step = 0

    def advance(self, step: int) -> None:
        """Train until `step` epochs are done.

        Parameters
        ----------
        step : int
            Total number of epochs afterwards.
        """
        while self.step < step:
            order = self._rng.permutation(len(self._training))
            weights = self.weights
            for first in range(0, len(order), self._batch):
                chosen = order[first : first + self._batch]
                found = batch_gradient(
                    weights, self._training[chosen], self.targets[chosen], link=self._link
                )
                weights = weights - self._rate * found.gradient
            self.weights = weights
            self.step += 1

    @property
    def relative(self) -> FloatArray:
        """W; for a student without the link V - I, as the paper's footnote 3 has it."""
        weights = self.weights.astype(float)
        return weights if self._link else weights - np.eye(len(weights))

    def measure(self) -> dict[str, Any]:
        """Mean squared errors on both sets, and the two norms of the paper's Figure 7(b).

        Returns
        -------
        dict
        """
        answer = output if self._link else vanilla_output
        errors = []
        for inputs, targets in (
            (self._training, self.targets),
            (self._test, self._test_targets),
        ):
            wrong = (answer(inputs, self.weights) - targets).astype(float)
            errors.append(float(wrong @ wrong) / len(wrong))
        return {
            "training_error": errors[0],
            "test_error": errors[1],
            "norm": float(np.linalg.norm(self.relative)),
            "distance": float(np.linalg.norm(self.relative - self._teacher)),
        }

    def state(self) -> tuple[Mapping[str, NDArray[Any]], dict[str, Any]]:
        """The weights, and the state of the random numbers."""
        return {"weights": self.weights}, {"generator": self._rng.bit_generator.state}

    def restore(self, arrays: Mapping[str, NDArray[Any]], values: dict[str, Any]) -> None:
        """Continue from a state."""
        self.weights = arrays["weights"]
        self._rng = restore_generator(values["generator"])
