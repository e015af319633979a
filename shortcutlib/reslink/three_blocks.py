"""The student called 3-Block: three blocks of a linear layer, batch normalisation and ReLU."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.descent import Precision, _check_run, _type_of
from shortcutlib.reslink.resumable import restore_generator

__all__ = ["BlockNetwork", "BlockTraining"]

#: Added to the variance, and the share of a new batch in the running statistics.
_SMALL = 1e-5
_MOMENTUM = 0.1


class BlockNetwork:
    """Blocks of linear layer, batch normalisation and ReLU, whose last activations are summed.

    Parameters
    ----------
    d : int
        Width of the input.
    rng : numpy.random.Generator
        Source of the weights, normal with variance 2 / (number of inputs).
    hidden : int, default 500
        Width of every block.
    blocks : int, default 3
        Number of blocks.
    precision : {"single", "double"}
        Of the weights.

    Attributes
    ----------
    layers : list of ndarray
        Weights, scales and shifts of the blocks, in this order for each block.

    Raises
    ------
    ValueError
        If a size is not positive.

    Notes
    -----
    A linear layer in front of a normalisation needs no bias.  The paper does not say how the last
    block is read; here, as in its other networks, the activations are summed.
    Source: Li and Yuan (2017), section 5.2; Ioffe and Szegedy (2015) for the normalisation.
    """

    def __init__(
        self,
        d: int,
        rng: np.random.Generator,
        *,
        hidden: int = 500,
        blocks: int = 3,
        precision: Precision = "double",
    ) -> None:
        if min(d, hidden, blocks) < 1:
            raise ValueError(f"sizes {d}, {hidden}, {blocks}: give positive whole numbers")
        kind = _type_of(precision)
        self.layers: list[FloatArray] = []
        self.running: list[FloatArray] = []
        width = d
        for _ in range(blocks):
            weights = rng.standard_normal((width, hidden)) * np.sqrt(2 / width)
            self.layers += [
                weights.astype(kind),
                np.ones(hidden, dtype=kind),
                np.zeros(hidden, dtype=kind),
            ]
            self.running += [np.zeros(hidden, dtype=kind), np.ones(hidden, dtype=kind)]
            width = hidden

    def settle(self, inputs: ArrayLike) -> None:
        """Replace the running statistics by those of the layers on these inputs.

        Parameters
        ----------
        inputs : array_like, shape (n, d)
            The inputs, at least one.

        Notes
        -----
        After training has gone on for long the running statistics are nearly these.
        """
        hidden = np.asarray(inputs, dtype=self.layers[0].dtype)
        self.running = []
        for block in range(len(self.layers) // 3):
            weights, scale, shift = self.layers[3 * block : 3 * block + 3]
            linear = hidden @ weights
            # Sums of many single precision numbers: in double precision.
            mean = linear.mean(axis=0, dtype=float).astype(linear.dtype)
            variance = linear.var(axis=0, dtype=float).astype(linear.dtype)
            self.running += [mean, variance]
            factor = scale / np.sqrt(variance + linear.dtype.type(_SMALL))
            hidden = np.maximum((linear - mean) * factor + shift, 0)

    def output(self, inputs: ArrayLike) -> FloatArray:
        """The answers with the running statistics, as used after training.

        Parameters
        ----------
        inputs : array_like, shape (n, d)
            The inputs.

        Returns
        -------
        ndarray, shape (n,)
        """
        hidden = np.asarray(inputs, dtype=self.layers[0].dtype)
        for block in range(len(self.layers) // 3):
            weights, scale, shift = self.layers[3 * block : 3 * block + 3]
            mean, variance = self.running[2 * block : 2 * block + 2]
            factor = scale / np.sqrt(variance + self.layers[0].dtype.type(_SMALL))
            hidden = np.maximum((hidden @ weights - mean) * factor + shift, 0)
        return hidden.sum(axis=1)

    def loss_and_gradients(
        self, inputs: FloatArray, targets: FloatArray
    ) -> tuple[float, list[FloatArray], list[FloatArray]]:
        """Mean squared error on a batch, normalised by its own statistics, and its gradients.

        Parameters
        ----------
        inputs : ndarray, shape (n, d)
            The batch.
        targets : ndarray, shape (n,)
            What the teacher answers.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            In the order of `layers`.
        running : list of ndarray
            Running means and variances after this batch.
        """
        n = len(inputs)
        hidden = inputs
        kept = []
        running = []
        for block in range(len(self.layers) // 3):
            weights, scale, shift = self.layers[3 * block : 3 * block + 3]
            linear = hidden @ weights
            mean = linear.mean(axis=0)
            linear -= mean
            variance = np.einsum("ij,ij->j", linear, linear) / n
            deviation = np.sqrt(variance + linear.dtype.type(_SMALL))
            linear /= deviation
            activated = np.maximum(linear * scale + shift, 0)
            kept.append((hidden, linear, deviation, activated))
            share = linear.dtype.type(_MOMENTUM)
            old_mean, old_variance = self.running[2 * block : 2 * block + 2]
            running += [
                old_mean + share * (mean - old_mean),
                old_variance + share * (variance * n / max(n - 1, 1) - old_variance),
            ]
            hidden = activated
        error = hidden.sum(axis=1) - targets
        back = np.broadcast_to((error * (2 / n))[:, np.newaxis], hidden.shape)
        gradients: list[FloatArray] = []
        for block in reversed(range(len(kept))):
            before, normal, deviation, activated = kept[block]
            weights, scale, _ = self.layers[3 * block : 3 * block + 3]
            slope = back * (activated > 0)
            shift_slope = slope.sum(axis=0)
            scale_slope = np.einsum("ij,ij->j", slope, normal)
            # The batch's own mean and variance depend on the linear layer too.
            slope -= (shift_slope + normal * scale_slope) / n
            slope *= scale / deviation
            gradients = [before.T @ slope, scale_slope, shift_slope, *gradients]
            if block:
                back = slope @ weights.T
        return float(error @ error) / n, gradients, running


class BlockTraining:
    """SGD on a `BlockNetwork` over a fixed training set; one step is one epoch.

    Parameters
    ----------
    network : BlockNetwork
        The student at its start.
    training, test : tuple of array_like
        Inputs, shape (n, d), and the teacher's answers, shape (n,).
    rng : numpy.random.Generator
        Of the kind PCG64; source of the order in each epoch.
    batch : int, default 200
        Inputs a step.
    rate : float, default 1e-3
        Step size.

    Attributes
    ----------
    targets : ndarray, shape (n,)
        The teacher's answers to the training inputs.
    step : int
        Epochs done.

    Raises
    ------
    ValueError
        If a number does not fit.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.2.
    """

    def __init__(
        self,
        network: BlockNetwork,
        training: tuple[ArrayLike, ArrayLike],
        test: tuple[ArrayLike, ArrayLike],
        rng: np.random.Generator,
        *,
        batch: int = 200,
        rate: float = 1e-3,
    ) -> None:
        _check_run(batch, rate)
        kind = network.layers[0].dtype
        self.network = network
        self._training = tuple(np.asarray(part, dtype=kind) for part in training)
        self.targets = self._training[1]
        self._test = tuple(np.asarray(part, dtype=kind) for part in test)
        self._rng = rng
        self._batch = batch
        self._rate = kind.type(rate)
        self.step = 0

    def advance(self, step: int) -> None:
        """Train until `step` epochs are done.

        Parameters
        ----------
        step : int
            Total number of epochs afterwards.
        """
        network = self.network
        inputs, targets = self._training
        while self.step < step:
            order = self._rng.permutation(len(inputs))
            for first in range(0, len(order), self._batch):
                chosen = order[first : first + self._batch]
                _, gradients, running = network.loss_and_gradients(inputs[chosen], targets[chosen])
                network.layers = [
                    layer - self._rate * slope
                    for layer, slope in zip(network.layers, gradients, strict=True)
                ]
                network.running = running
            self.step += 1

    def measure(self) -> dict[str, Any]:
        """Mean squared errors on both sets, with the running statistics.

        Returns
        -------
        dict
        """
        errors = []
        for inputs, targets in (self._training, self._test):
            total = 0.0
            for first in range(0, len(inputs), 10_000):
                part = slice(first, first + 10_000)
                wrong = (self.network.output(inputs[part]) - targets[part]).astype(float)
                total += float(wrong @ wrong)
            errors.append(total / len(inputs))
        return {"training_error": errors[0], "test_error": errors[1]}

    def state(self) -> tuple[Mapping[str, NDArray[Any]], dict[str, Any]]:
        """Weights, running statistics, and the state of the random numbers."""
        arrays = {f"layer{i}": layer for i, layer in enumerate(self.network.layers)}
        arrays |= {f"running{i}": part for i, part in enumerate(self.network.running)}
        return arrays, {"generator": self._rng.bit_generator.state}

    def restore(self, arrays: Mapping[str, NDArray[Any]], values: dict[str, Any]) -> None:
        """Continue from a state."""
        self.network.layers = [arrays[f"layer{i}"] for i in range(len(self.network.layers))]
        self.network.running = [arrays[f"running{i}"] for i in range(len(self.network.running))]
        self._rng = restore_generator(values["generator"])
