"""Three theories on one teacher: the same inputs and labels for the students of three papers.

The labels are those of the convolutional teacher of Liu et al. (2019).  Flattened, its k patches of
p numbers are the d = p k inputs of ResLink (Li and Yuan 2017) and of a residual unit (Shamir 2018).
Losses are half mean squared errors throughout, so that they can be compared.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from shortcutlib import reduced
from shortcutlib.angles import FloatArray
from shortcutlib.linear_bound import SQUARED, ResidualUnit, descend
from shortcutlib.linear_bound.features import random_features
from shortcutlib.networks import (
    minibatch_loss,
    normalised_residual_network,
    sample_inputs,
    teacher_network,
    weight_normalised_cnn,
)
from shortcutlib.paths import Network
from shortcutlib.relu_kernel import g, g_deficit
from shortcutlib.reslink import batch_gradient, output, random_matrix, vanilla_output
from shortcutlib.starts import sample_ball, sample_reduced, sample_sphere
from shortcutlib.step_sizes import StepSizes
from shortcutlib.success import CNN_STEP
from shortcutlib.teacher import Teacher, check_size

__all__ = [
    "Sample",
    "Task",
    "Trained",
    "best_linear_loss",
    "best_output_loss",
    "descend_expected",
    "draw",
    "embed",
    "linear_path_loss",
    "set_task",
    "train_convolutional",
    "train_reslink",
    "train_unit",
    "trap_loss",
]


class Sample(NamedTuple):
    """Inputs as one row each, patch after patch, and the teacher's labels."""

    inputs: FloatArray
    labels: FloatArray


class Task(NamedTuple):
    """One teacher and one set of examples for all students, and others to judge them by.

    ``straight`` holds the weights of the best linear predictor of the training examples, its
    constant last.
    """

    teacher: Teacher
    training: Sample
    held_out: Sample
    straight: FloatArray

    def judge(self, training: FloatArray, held_out: FloatArray) -> "Trained":
        """What answers to all the examples are worth.

        Parameters
        ----------
        training, held_out : ndarray
            A student's answers to the inputs of both samples.

        Returns
        -------
        Trained
        """
        losses = [
            _half_mse(answers, sample.labels)
            for answers, sample in ((training, self.training), (held_out, self.held_out))
        ]
        lines = [
            _half_mse(sample.inputs @ self.straight[:-1] + self.straight[-1], sample.labels)
            for sample in (self.training, self.held_out)
        ]
        return Trained(*losses, *lines)


class Trained(NamedTuple):
    """Losses of a student, and of the best linear predictor of the same training examples."""

    training: float
    held_out: float
    linear_training: float
    linear_held_out: float

    @property
    def training_ratio(self) -> float:
        """The training loss in units of the linear predictor's."""
        return self.training / self.linear_training

    @property
    def ratio(self) -> float:
        """The loss on the held-out inputs in units of the linear predictor's."""
        return self.held_out / self.linear_held_out


def draw(teacher: Teacher, n: int, rng: np.random.Generator) -> Sample:
    """Gaussian inputs in rows, and the labels that the teacher gives them.

    Parameters
    ----------
    teacher : Teacher
    n : int
        Number of examples, at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    Sample
        With inputs of shape (n, p k): entry j p + i is entry i of patch j.

    Raises
    ------
    ValueError
        If n is not a positive whole number.
    """
    Z = sample_inputs(n, teacher.p, teacher.k, rng)
    return Sample(Z.transpose(0, 2, 1).reshape(n, -1), teacher_network(teacher, Z))


def set_task(
    teacher: Teacher, rng: np.random.Generator, *, training: int = 1000, held_out: int = 20_000
) -> Task:
    """Draw the examples that all students share.

    Parameters
    ----------
    teacher : Teacher
    rng : numpy.random.Generator
    training, held_out : int
        Numbers of examples, each at least 1.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If a number is not a positive whole number.
    """
    seen, unseen = draw(teacher, training, rng), draw(teacher, held_out, rng)
    ones = np.ones((training, 1))
    straight: FloatArray = np.linalg.lstsq(np.hstack([seen.inputs, ones]), seen.labels, rcond=None)[
        0
    ].astype(float)
    return Task(teacher, seen, unseen, straight)


def best_linear_loss(teacher: Teacher, *, constant: bool = True) -> float:
    """The least loss of a linear predictor of the teacher's labels, exactly.

    Parameters
    ----------
    teacher : Teacher
    constant : bool, default True
        Whether a constant may be added; a constant 1 among the inputs does the same.

    Returns
    -------
    float
        N (pi - 2)/(8 pi), and S^2/(4 pi) more without the constant.

    Notes
    -----
    relu(t) is t/2 + |t|/2, and the second part is uncorrelated with every linear function.
    """
    least = teacher.norm_squared * (np.pi - 2) / (8 * np.pi)
    return float(least + (0.0 if constant else teacher.output_sum**2 / (4 * np.pi)))


def trap_loss(teacher: Teacher) -> float:
    """The loss at the spurious optimum of Liu et al., in closed form.

    Parameters
    ----------
    teacher : Teacher

    Returns
    -------
    float
        ((pi - 2) N + pi S^2/(k + pi - 1)) / (4 (pi - 1)).
    """
    share = np.pi * teacher.output_sum**2 / (teacher.k + np.pi - 1)
    return float(((np.pi - 2) * teacher.norm_squared + share) / (4 * (np.pi - 1)))


def best_output_loss(teacher: Teacher, angle: ArrayLike) -> FloatArray:
    """Loss of the student of Liu et al. whose filter is at an angle, with its best output weights.

    Parameters
    ----------
    teacher : Teacher
    angle : array_like
        phi in [0, pi].

    Returns
    -------
    ndarray, shape of `angle`
        0 at phi = 0, `trap_loss` at phi = pi.

    Raises
    ------
    ValueError
        If an angle lies outside.
    """
    k, total, squared = teacher.k, teacher.output_sum, teacher.norm_squared
    kernel = np.asarray(g(angle))
    label = (total**2 + (np.pi - 1) * squared) / (4 * np.pi)
    length = k * total**2 + 2 * (kernel - 1) * total**2 + (kernel - 1) ** 2 * squared
    along = ((k + kernel - 1) * total) ** 2 / (k + np.pi - 1)
    explained = (length - along) / (4 * np.pi * (np.pi - 1))
    # Rounding can leave a tiny negative number at angle 0.
    return np.maximum(label - explained, 0.0)


def linear_path_loss(teacher: Teacher, angle: ArrayLike) -> FloatArray:
    """Least loss of the same student with a linear path from the inputs and 1 to the output.

    Parameters
    ----------
    teacher : Teacher
    angle : array_like
        phi in [0, pi].

    Returns
    -------
    ndarray, shape of `angle`
        (1 - r^2) times `best_linear_loss`, where r is the correlation of |t| and |u| for standard
        normal t and u of correlation cos(phi).  Zero at phi = 0 and at phi = pi.

    Raises
    ------
    ValueError
        If an angle lies outside.

    Notes
    -----
    With the path, relu(u) is as good a feature as |u|, and no sign of u is left.
    """
    angle = np.asarray(angle, dtype=float)
    # |t| = relu(t) + relu(-t): both kernels, and g falls from pi to 0.
    deficit = np.asarray(g_deficit(angle)) - np.asarray(g(np.pi - angle))
    correlation = 1 - deficit / (np.pi - 2)
    return best_linear_loss(teacher) * np.maximum(1 - correlation**2, 0.0)


def embed(teacher: Teacher) -> FloatArray:
    """ResLink weights W* that give the teacher's labels.

    Parameters
    ----------
    teacher : Teacher
        With output weights of at least 0: ResLink adds up its units.

    Returns
    -------
    ndarray, shape (p k, p k)
        One column of I + W* for each patch, where the filter is largest; all others vanish.  This
        is one choice among many, but every column must be a multiple of one of the k patch filters:
        the rank of I + W* is at most k, and the spectral norm of W* is at least 1 unless p = 1.

    Raises
    ------
    ValueError
        If an output weight is negative.
    """
    if np.any(teacher.output_weights < 0):
        raise ValueError(
            f"a* has the entry {teacher.output_weights.min():.6g}: ResLink only adds up its units, "
            "take a teacher without negative output weights"
        )
    p, k = teacher.p, teacher.k
    columns = np.zeros((p * k, p * k))
    place = int(np.argmax(teacher.filter))
    for patch, weight in enumerate(teacher.output_weights):
        columns[patch * p : (patch + 1) * p, patch * p + place] = weight * teacher.filter
    return columns - np.eye(p * k)


def descend_expected(
    teacher: Teacher,
    runs: int,
    rng: np.random.Generator,
    *,
    shortcut: bool = True,
    warmup: int = 1000,
    iterations: int = 6000,
) -> FloatArray:
    """Descend on the *expected* loss with the student of Liu et al., or its twin, exactly.

    Parameters
    ----------
    teacher : Teacher
    runs : int
        Number of starts.
    rng : numpy.random.Generator
    shortcut, warmup, iterations
        As for `train_convolutional`.

    Returns
    -------
    ndarray, shape (runs,)
        Expected losses at the end.

    Raises
    ------
    ValueError
        If a number makes no sense.

    Notes
    -----
    Source: Liu et al. (2019), section 4.
    """
    network: Network = "residual" if shortcut else "cnn"
    starts = sample_reduced(teacher, runs, rng, network)
    steps = StepSizes.section_4(teacher.k, warmup=warmup)
    if not shortcut:
        steps = StepSizes.constant(CNN_STEP, CNN_STEP)
    found = reduced.descend_batch(
        teacher, starts, steps, network=network, iterations=iterations, tolerance=1e-10
    )
    return reduced.loss(teacher, found.state)


def train_convolutional(
    task: Task,
    rng: np.random.Generator,
    *,
    shortcut: bool = True,
    warmup: int = 1000,
    iterations: int = 4000,
) -> Trained:
    """Train the student of Liu et al., or its twin without a shortcut, by gradient descent.

    Parameters
    ----------
    task : Task
    rng : numpy.random.Generator
        Draws the start.
    shortcut : bool, default True
        The residual student from w = 0 by the paper's steps with warm-up; else the plain CNN of
        Du et al. from a random filter, with step 0.1.  Both start from a_0 in the paper's ball.
    warmup, iterations : int
        Lengths of the warm-up and of the run.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If a number makes no sense.

    Notes
    -----
    Source: Liu et al. (2019), section 4, with the training examples' mean loss for the expected
    one.
    """
    check_size("iterations", iterations)
    p, k = task.teacher.p, task.teacher.k
    seen, unseen = (
        sample.inputs.reshape(-1, k, p).transpose(0, 2, 1)
        for sample in (task.training, task.held_out)
    )
    a = sample_ball(1, k, task.teacher.start_radius, rng)[0]
    weight = np.zeros(p) if shortcut else sample_sphere(1, p, rng)[0]
    steps = (
        StepSizes.section_4(k, warmup=warmup)
        if shortcut
        else StepSizes.constant(CNN_STEP, CNN_STEP)
    )
    for iteration in range(iterations):
        found = minibatch_loss(weight, a, seen, task.training.labels, residual=shortcut)
        for_output, for_filter = steps.at(iteration)
        weight = weight - for_filter * found.filter_gradient
        a = a - for_output * found.output_gradient
    answer = normalised_residual_network if shortcut else weight_normalised_cnn
    return task.judge(answer(weight, a, seen), answer(weight, a, unseen))


def train_reslink(
    task: Task,
    rng: np.random.Generator,
    *,
    link: bool = True,
    steps: int = 1500,
    batch: int = 100,
    rate: float | None = None,
) -> Trained:
    """Train ResLink, or its twin without the identity link, by SGD over the training examples.

    Parameters
    ----------
    task : Task
    rng : numpy.random.Generator
        Draws a start of spectral norm 0.6 and the order of the examples.
    link : bool, default True
    steps, batch : int
        Steps, and examples a step.
    rate : float, optional
        Step size; the default is 0.064/d.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If a number makes no sense.

    Notes
    -----
    Source: Li and Yuan (2017), section 5.2.
    """
    check_size("steps", steps)
    check_size("batch", batch)
    seen, labels = task.training
    n, d = seen.shape
    rate = 0.064 / d if rate is None else rate
    weights = random_matrix(d, 0.6, min(0.15 * d, 0.4 * np.sqrt(d)), rng)
    done = 0
    while done < steps:
        order = rng.permutation(n)
        for first in range(0, min(n, (steps - done) * batch), batch):
            chosen = order[first : first + batch]
            found = batch_gradient(weights, seen[chosen], labels[chosen], link=link)
            weights = weights - rate * found.gradient
            done += 1
    answer = output if link else vanilla_output
    return task.judge(answer(seen, weights), answer(task.held_out.inputs, weights))


def train_unit(
    task: Task,
    rng: np.random.Generator,
    *,
    shortcut: bool = True,
    features: int = 8,
    iterations: int = 1000,
) -> Trained:
    """Train Shamir's residual unit w'(x + V z), or w'V z, with random features z.

    Parameters
    ----------
    task : Task
    rng : numpy.random.Generator
        Draws the features' network and the start.
    shortcut : bool, default True
        Whether x is there.
    features, iterations : int
        Number of features, and most steps of the descent.

    Returns
    -------
    Trained
        The theorems hold for any distribution, the training examples among them: they promise a
        `training_ratio` of at most 1.

    Raises
    ------
    ValueError
        If a number makes no sense.

    Notes
    -----
    Inputs and features end in a constant 1.  Source: Shamir (2018), Corollary 1 and Remark 1.
    """
    n = len(task.training.labels)
    inputs = np.concatenate([task.training.inputs, task.held_out.inputs])
    # One network for both samples.
    z = random_features(inputs, features, rng=rng)
    labels = np.concatenate([task.training.labels, task.held_out.labels])
    whole = ResidualUnit(inputs, z, labels, SQUARED).with_bias()
    x = whole.inputs if shortcut else np.zeros_like(whole.inputs)
    student = ResidualUnit(x[:n], whole.features[:n], labels[:n], SQUARED)
    w = rng.standard_normal(student.d) / np.sqrt(student.d)
    V = rng.standard_normal((student.d, student.m)) / np.sqrt(student.m)
    run = descend(student, w, V, iterations=iterations, tolerance=1e-4)
    answers = (x + whole.features @ run.V.T) @ run.w
    return task.judge(answers[:n], answers[n:])


def _half_mse(answers: FloatArray, labels: FloatArray) -> float:
    return float(np.mean((answers - labels) ** 2)) / 2
