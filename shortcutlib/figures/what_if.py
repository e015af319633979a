"""Four questions of the reviewers, each answered by a curve of exact success probabilities."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from shortcutlib.angles import FloatArray
from shortcutlib.exact import success_probability
from shortcutlib.figures.style import INK, book_style, label_directly, label_panel, look
from shortcutlib.initialisation import Ball, success_from
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["questions_figure", "success_of"]

#: Accuracy of a probability: far below the width of a line.
_TOLERANCE = 1e-4


def success_of(question: str, teacher: Teacher, value: float) -> float:
    """Success probability when one thing is changed in the paper's experiment without warm-up.

    Parameters
    ----------
    question : {"ratio", "angle", "size", "rest"}
        What is changed: eta_w/eta_a; the first angle over pi; the radius of the ball of starts over
        |S|/sqrt(k); or how long the filter rests at first, as eta_a times the iterations.
    teacher : Teacher
        The network to recover; eta_a = 1/k^2.
    value : float
        The new value.

    Returns
    -------
    float
        Exact up to 1e-4.

    Raises
    ------
    ValueError
        If there is no such question.
    """
    step = 1 / teacher.k**2
    steps = StepSizes.constant(step, step)
    ball = Ball(teacher.start_radius)
    answers: dict[str, Callable[[], float]] = {
        "ratio": lambda: (
            success_probability(
                teacher, StepSizes.constant(step, value * step), tolerance=_TOLERANCE
            ).probability
        ),
        "angle": lambda: success_from(
            teacher, steps, ball, angle=value * np.pi, tolerance=_TOLERANCE
        ),
        "size": lambda: success_from(
            teacher, steps, Ball(value * ball.radius), tolerance=_TOLERANCE
        ),
        "rest": lambda: (
            success_probability(
                teacher,
                StepSizes.layer_wise(step, step, iterations=round(value / step)),
                tolerance=_TOLERANCE,
            ).probability
        ),
    }
    if question not in answers:
        raise ValueError(f"question = {question!r}: choose one of {', '.join(answers)}")
    return answers[question]()


#: Question, title of its panel, label of its axis, values, and whether they are on a log scale.
_PANELS: tuple[tuple[str, str, str, FloatArray, bool], ...] = (
    ("ratio", "larger steps?", r"$\eta_w/\eta_a$", np.geomspace(0.01, 4, 13), True),
    ("angle", "other first filters?", r"$\phi_0/\pi$", np.linspace(0.25, 0.75, 33), False),
    (
        "size",
        "other output weights?",
        "radius of the ball, over $R$",
        np.geomspace(0.1, 10, 13),
        True,
    ),
    (
        "rest",
        "one layer at a time?",
        r"rest of the filter, $\eta_a t$",
        np.linspace(0, 2.4, 17),
        False,
    ),
)


def questions_figure(sizes: Sequence[int]) -> Figure:
    """Draw the success probability against four things that the reviewers asked to change.

    Parameters
    ----------
    sizes : sequence of int
        Two numbers of patches k, for teachers of section 4.

    Returns
    -------
    matplotlib.figure.Figure
        Four panels; a dot marks the paper's own setting, without warm-up.
    """
    with book_style():
        figure, grid = plt.subplots(2, 2, figsize=(6.6, 6.2), sharey=True)
        for axes, letter, (question, title, name, values, log) in zip(
            grid.ravel(), "abcd", _PANELS, strict=True
        ):
            for k, meaning in zip(sizes, ("shortcut", "student"), strict=True):
                teacher = Teacher.section_4(k)
                rates = [success_of(question, teacher, float(x)) for x in values]
                axes.plot(values, rates, **look(meaning))
                paper = {"ratio": 1.0, "angle": teacher.angle / np.pi, "size": 1.0, "rest": 0.0}
                dot = (paper[question], success_of(question, teacher, paper[question]))
                axes.plot(*dot, color=INK, marker="o", markersize=6, linestyle="none", zorder=3)
                if question == "ratio":
                    below = k == min(sizes)
                    label_directly(
                        axes,
                        f"k = {k}",
                        dot,
                        look(meaning)["color"],
                        offset=(-6, -9) if below else (6, 9),
                        ha="right" if below else "left",
                    )
            if log:
                axes.set_xscale("log")
            axes.set_ylim(-0.03, 1.05)
            axes.set_xlabel(name)
            label_panel(axes, letter, title)
        figure.supylabel("probability of success", fontsize=12)
    return figure
