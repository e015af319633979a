"""Section 5.4: blocks of a square layer, an identity link and ReLU, from zero or at random."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.experiments import _streams, versions
from shortcutlib.reslink.images import Images, ImageSource, load_images
from shortcutlib.reslink.resumable import restore_generator, run_training

__all__ = ["BlockClassifier", "ClassifierTraining", "Start", "ZeroStart"]

Start = Literal["zero", "random"]


class BlockClassifier:
    """Square layers with ReLU, each with an identity link or without, and a linear read-out.

    Parameters
    ----------
    d : int
        Width of the input and of every block.
    rng : numpy.random.Generator
        Source of a random start.
    start : {"zero", "random"}
        All parameters zero; or the blocks and the read-out uniform on +-1/sqrt(d).
    link : bool, default True
        Whether the blocks have identity links.
    blocks, classes : int
        Number of blocks and of classes.

    Attributes
    ----------
    layers : list of ndarray
        The blocks' weights, the read-out's weights and its shifts.

    Raises
    ------
    ValueError
        If there is no such start or a size is not positive.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.4.  The paper does not say how the classes are read;
    a linear layer follows the last block here, started like the blocks.
    """

    def __init__(
        self,
        d: int,
        rng: np.random.Generator,
        *,
        start: Start = "zero",
        link: bool = True,
        blocks: int = 5,
        classes: int = 10,
    ) -> None:
        if start not in get_args(Start):
            raise ValueError(f"there is no start {start!r}: choose 'zero' or 'random'")
        if min(d, blocks, classes) < 1:
            raise ValueError(f"sizes {d}, {blocks}, {classes}: give positive whole numbers")
        self.link = link
        shapes = [(d, d)] * blocks + [(d, classes)]
        bound = 0.0 if start == "zero" else 1 / np.sqrt(d)
        self.layers: list[FloatArray] = [rng.uniform(-bound, bound, shape) for shape in shapes]
        self.layers.append(np.zeros(classes))

    def scores(self, inputs: FloatArray) -> FloatArray:
        """A score for every class.

        Parameters
        ----------
        inputs : ndarray, shape (n, d)
            Images.

        Returns
        -------
        ndarray, shape (n, classes)
        """
        return self._forward(inputs)[-1]

    def _forward(self, inputs: FloatArray) -> list[FloatArray]:
        kept = [inputs]
        for weights in self.layers[:-2]:
            linear = kept[-1] @ weights
            if self.link:
                linear += kept[-1]
            kept.append(np.maximum(linear, 0))
        kept.append(kept[-1] @ self.layers[-2] + self.layers[-1])
        return kept

    def loss_and_gradients(
        self, inputs: FloatArray, labels: NDArray[np.int64]
    ) -> tuple[float, list[FloatArray]]:
        """Mean cross entropy on a batch, and its gradients.

        Parameters
        ----------
        inputs : ndarray, shape (n, d)
            Images.
        labels : ndarray, shape (n,)
            Their classes.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            In the order of `layers`.
        """
        *hidden, scores = self._forward(inputs)
        scores = scores - scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=1, keepdims=True))
        rows = np.arange(len(labels))
        loss = float(np.mean(total[:, 0] - scores[rows, labels]))
        slope = np.exp(scores - total)
        slope[rows, labels] -= 1
        slope /= len(labels)
        gradients = [hidden[-1].T @ slope, slope.sum(axis=0)]
        back = slope @ self.layers[-2].T
        for block in reversed(range(len(self.layers) - 2)):
            slope = back * (hidden[block + 1] > 0)
            gradients.insert(0, hidden[block].T @ slope)
            back = slope @ self.layers[block].T
            if self.link:
                back += slope
        return loss, gradients


class ClassifierTraining:
    """SGD on a `BlockClassifier`, epoch by epoch; one step is one epoch.

    Parameters
    ----------
    network : BlockClassifier
        At its start.
    images : Images
        Both sets.
    rng : numpy.random.Generator
        Of the kind PCG64; source of the order in each epoch.
    batch : int, default 256
        Images a step.
    rate : float, default 0.1
        Step size.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.4 (its batch and step size are the defaults).
    """

    def __init__(
        self,
        network: BlockClassifier,
        images: Images,
        rng: np.random.Generator,
        *,
        batch: int = 256,
        rate: float = 0.1,
    ) -> None:
        self.network = network
        self._images = images
        self._rng = rng
        self._batch = batch
        self._rate = rate
        self.step = 0

    def advance(self, step: int) -> None:
        """Train until `step` epochs are done.

        Parameters
        ----------
        step : int
            Total number of epochs afterwards.
        """
        images = self._images
        while self.step < step:
            order = self._rng.permutation(len(images.training))
            for first in range(0, len(order), self._batch):
                chosen = order[first : first + self._batch]
                _, gradients = self.network.loss_and_gradients(
                    images.training[chosen], images.training_labels[chosen]
                )
                self.network.layers = [
                    layer - self._rate * slope
                    for layer, slope in zip(self.network.layers, gradients, strict=True)
                ]
            self.step += 1

    def measure(self) -> dict[str, Any]:
        """Shares of wrong answers on both sets.

        Returns
        -------
        dict
        """
        images = self._images
        wrong = [
            float(np.mean(self.network.scores(inputs).argmax(axis=1) != labels))
            for inputs, labels in (
                (images.training, images.training_labels),
                (images.test, images.test_labels),
            )
        ]
        return {"training_error": wrong[0], "test_error": wrong[1]}

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The parameters, and the state of the random numbers."""
        arrays = {f"layer{i}": layer for i, layer in enumerate(self.network.layers)}
        return arrays, {"generator": self._rng.bit_generator.state}

    def restore(self, arrays: Any, values: dict[str, Any]) -> None:
        """Continue from a state."""
        self.network.layers = [arrays[f"layer{i}"] for i in range(len(self.network.layers))]
        self._rng = restore_generator(values["generator"])


@dataclass(frozen=True)
class ZeroStart:
    """Section 5.4: a classifier of blocks, from zero or at random, with identity links or without.

    Parameters
    ----------
    start : {"zero", "random"}
        See `BlockClassifier`.
    link : bool, default True
        Whether there are identity links.
    run : int, default 0
        Which of the independent runs.
    images : {"digits", "mnist"}
        What is classified.
    blocks, batch, rate
        The paper's are the defaults.
    epochs : int, default 200
        Not given in the paper.
    seed : int, default 0
        Of starts and orders.
    """

    start: Start
    link: bool = True
    run: int = 0
    images: ImageSource = "digits"
    blocks: int = 5
    batch: int = 256
    rate: float = 0.1
    epochs: int = 200
    seed: int = 0

    experiment: ClassVar[str] = "zero-start"

    @property
    def name(self) -> str:
        """What the training is called among others."""
        link = "link" if self.link else "plain"
        return f"{self.experiment}-{self.images}-{self.start}-{link}-{self.run}"

    def prepare(self, images: Images | None = None) -> ClassifierTraining:
        """Load the images and draw the start.

        Parameters
        ----------
        images : Images, optional
            Other images than the named ones.

        Returns
        -------
        ClassifierTraining
        """
        images = load_images(self.images) if images is None else images
        network = BlockClassifier(
            images.training.shape[1],
            _streams(self.seed, 5, self.run),
            start=self.start,
            link=self.link,
            blocks=self.blocks,
        )
        return ClassifierTraining(
            network, images, _streams(self.seed, 6, self.run), batch=self.batch, rate=self.rate
        )

    def schedule(self) -> list[int]:
        """Epochs at which to measure: every tenth."""
        return sorted({*range(0, self.epochs + 1, 10), self.epochs})

    def run_in(self, folder: Path, **options: Any) -> list[dict[str, Any]]:
        """Train to the end in a folder, continuing what is there.

        Parameters
        ----------
        folder : Path
            Where the results file and the state are kept.
        **options
            As for `run_training`.

        Returns
        -------
        list of dict
            The records.
        """
        return run_training(
            folder / f"{self.name}.jsonl",
            {"experiment": self.experiment, **asdict(self)},
            self.prepare(),
            self.schedule(),
            origin=versions(),
            **options,
        )
