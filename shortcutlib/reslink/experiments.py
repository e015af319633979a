"""Sections 5.2 and 5.3 of Li and Yuan (2017): what is trained, at which size, measured when.

Every training is described by a small frozen object; its fields are the configuration recorded in
the results file, and its defaults are the paper's sizes.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib.angles import FloatArray
from shortcutlib.reslink.descent import FreshBatches, Precision, TrainingSet
from shortcutlib.reslink.network import output
from shortcutlib.reslink.resumable import Training, run_training
from shortcutlib.reslink.starts import random_matrix, wrong_way_start
from shortcutlib.reslink.three_blocks import BlockNetwork, BlockTraining

__all__ = ["Convergence", "Dynamics", "Student", "Teacher", "versions"]

Student = Literal["reslink", "vanilla", "three-block"]
#: The teacher of a student: of its own structure, or ResLink whatever the student is.
Teacher = Literal["own", "reslink"]


def versions() -> dict[str, str]:
    """Versions of what computes here, to be recorded beside results.

    Returns
    -------
    dict
    """
    import platform

    from shortcutlib import __version__

    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "shortcutlib": __version__,
    }


def _streams(seed: int, *place: int) -> np.random.Generator:
    """A generator for one purpose; equal seeds and places give equal numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=place)))


@dataclass(frozen=True)
class Convergence:
    """Section 5.2: students that imitate a teacher network from a fixed training set.

    Parameters
    ----------
    student : {"reslink", "vanilla", "three-block"}
        Which network learns.
    run : int, default 0
        Which of the independent starts.
    teacher : {"own", "reslink"}
        "own", the paper's choice, is a network of the student's own structure.  For ResLink and
        Vanilla that is one and the same function, I + W* being Vanilla's matrix.  "reslink" lets
        the student "three-block" imitate that function too.
    d, training, test, batch, rate, epochs
        Sizes; the defaults are the paper's.
    hidden : int, default 500
        Width of the three blocks.
    teacher_spectral, teacher_frobenius, start_spectral, start_frobenius : float
        Norms of W* and of the student's first weights (W, or V for Vanilla).
    seed : int, default 0
        Of the teacher, the sets and the starts.
    precision : {"single", "double"}
        Of the steps.

    Raises
    ------
    ValueError
        If there is no such student or teacher, or if "reslink" is given where "own" is the same.

    Notes
    -----
    The paper does not say how the teacher of 3-Block is drawn: here as its student, with the
    running statistics of its layers on the training inputs.
    Source: Li and Yuan (2017), section 5.2.
    """

    student: Student
    run: int = 0
    teacher: Teacher = "own"
    d: int = 100
    training: int = 100_000
    test: int = 10_000
    batch: int = 200
    rate: float = 1e-3
    epochs: int = 200
    hidden: int = 500
    teacher_spectral: float = 0.6
    teacher_frobenius: float = 5.7
    start_spectral: float = 0.6
    start_frobenius: float = 5.0
    seed: int = 0
    precision: Precision = "single"

    experiment: ClassVar[str] = "convergence"

    def __post_init__(self) -> None:
        if self.student not in get_args(Student):
            raise ValueError(
                f"there is no student {self.student!r}: choose among {', '.join(get_args(Student))}"
            )
        if self.teacher not in get_args(Teacher):
            raise ValueError(
                f"there is no teacher {self.teacher!r}: choose among {', '.join(get_args(Teacher))}"
            )
        if self.teacher == "reslink" and self.student != "three-block":
            raise ValueError(
                f"the student {self.student!r} has a ResLink teacher anyway: leave 'own'"
            )

    @property
    def name(self) -> str:
        """What the training is called among others."""
        other = "" if self.teacher == "own" else f"-of-{self.teacher}"
        return f"{self.experiment}-{self.student}{other}-{self.run}"

    def prepare(self) -> TrainingSet | BlockTraining:
        """Draw the teacher, the sets and the start.

        Returns
        -------
        TrainingSet or BlockTraining
        """
        kind: Any = np.float32 if self.precision == "single" else np.float64
        teacher = random_matrix(
            self.d, self.teacher_spectral, self.teacher_frobenius, _streams(self.seed, 0)
        )
        inputs = _streams(self.seed, 1).standard_normal((self.training, self.d), dtype=kind)
        test = _streams(self.seed, 2).standard_normal((self.test, self.d), dtype=kind)
        first, order = _streams(self.seed, 3, self.run), _streams(self.seed, 4, self.run)
        if self.student == "three-block":
            network = BlockNetwork(self.d, first, hidden=self.hidden, precision=self.precision)
            if self.teacher == "reslink":
                answer: Callable[[ArrayLike], FloatArray] = partial(
                    output, weights=teacher.astype(kind)
                )
            else:
                truth = BlockNetwork(
                    self.d, _streams(self.seed, 5), hidden=self.hidden, precision=self.precision
                )
                truth.settle(inputs)
                answer = truth.output
            return BlockTraining(
                network,
                (inputs, answer(inputs)),
                (test, answer(test)),
                order,
                batch=self.batch,
                rate=self.rate,
            )
        return TrainingSet(
            random_matrix(self.d, self.start_spectral, self.start_frobenius, first),
            teacher,
            inputs,
            test,
            order,
            link=self.student == "reslink",
            batch=self.batch,
            rate=self.rate,
            precision=self.precision,
        )

    def schedule(self) -> list[int]:
        """Epochs at which to measure: all of them."""
        return list(range(self.epochs + 1))

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
        return _run_in(self, folder, options)


@dataclass(frozen=True)
class Dynamics:
    """Section 5.3: SGD towards W* = 0 from a start at which the gradient points away.

    Parameters
    ----------
    d, batch, rate, iterations, frobenius
        Sizes; the defaults are the paper's.
    trace : float, default -0.6
        Trace of the start over its squared Frobenius norm.
    seed : int, default 0
        Of the start and the inputs.
    precision : {"single", "double"}
        Of the steps.
    """

    d: int = 1500
    batch: int = 300
    rate: float = 1e-4
    iterations: int = 350_000
    frobenius: float = 5.0
    trace: float = -0.6
    seed: int = 0
    precision: Precision = "single"

    experiment: ClassVar[str] = "dynamics"

    @property
    def name(self) -> str:
        """What the training is called among others."""
        return self.experiment

    def prepare(self) -> Training:
        """Construct the start.

        Returns
        -------
        Training
        """
        start = wrong_way_start(self.d, self.frobenius, _streams(self.seed, 0), trace=self.trace)
        return FreshBatches(
            start,
            np.zeros((self.d, self.d)),
            _streams(self.seed, 1),
            batch=self.batch,
            rate=self.rate,
            precision=self.precision,
        )

    def schedule(self) -> list[int]:
        """Iterations at which to measure: the first hundred, then ever fewer."""
        steps = list(range(min(self.iterations, 100) + 1))
        while steps[-1] < self.iterations:
            steps.append(min(self.iterations, steps[-1] + min(1000, max(10, steps[-1] // 10))))
        return steps

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
        return _run_in(self, folder, options)


def _run_in(
    training: Convergence | Dynamics, folder: Path, options: dict[str, Any]
) -> list[dict[str, Any]]:
    configuration = {"experiment": training.experiment, **asdict(training)}
    return run_training(
        folder / f"{training.name}.jsonl",
        configuration,
        training.prepare(),
        training.schedule(),
        origin=versions(),
        **options,
    )
