"""The panel of the chapter on three theories: all students on one task of the reader's choice."""

from collections.abc import Callable

import numpy as np

from shortcutlib.comparison import Trained, set_task, train_convolutional, train_reslink, train_unit
from shortcutlib.rerun.panel import RerunPanel, choice, number, whole
from shortcutlib.rerun.result import Experiment, Result
from shortcutlib.teacher import Teacher

__all__ = ["students", "students_panel"]

_STUDENTS: dict[str, tuple[Callable[..., Trained], dict[str, bool]]] = {
    "Liu et al.": (train_convolutional, {}),
    "its CNN": (train_convolutional, {"shortcut": False}),
    "ResLink": (train_reslink, {}),
    "its twin": (train_reslink, {"link": False}),
    "Shamir": (train_unit, {}),
    "plain unit": (train_unit, {"shortcut": False}),
}


def students(
    output_sum: float = 1.0,
    angle: float = 0.3,
    training: int = 1000,
    runs: int = 2,
    seed: int = 0,
) -> Experiment:
    """Train all students of the chapter on one sample.

    Parameters
    ----------
    output_sum : float, default 1
        S of the teacher, which has k = p = 4 and N = 4; at most 4 in absolute value.
    angle : float, default 0.3
        Angle between the teacher's filter and the shortcut, over pi.
    training : int, default 1000
        Examples to train on; the loss is measured on 20,000 others.
    runs : int, default 2
        Starts of each student.
    seed : int, default 0
        Of the sample and of the starts.

    Yields
    ------
    float
        Share of the runs done.

    Returns
    -------
    Result
    """
    teacher = Teacher.from_numbers(
        k=4, p=4, output_sum=output_sum, norm_squared=4, angle=angle * np.pi
    )
    task = set_task(teacher, np.random.default_rng(seed), training=training)
    rows, done, under = [], 0, []
    for name, (train, options) in _STUDENTS.items():
        found = []
        for run in range(runs):
            yield done / (runs * len(_STUDENTS))
            found.append(train(task, np.random.default_rng([seed, run]), **options))
            done += 1
        held_out = [trained.ratio for trained in found]
        if max(held_out) <= 1:
            under.append(name)
        seen = float(np.mean([trained.training_ratio for trained in found]))
        rows.append((name, f"{seen:.3f}", f"{np.mean(held_out):.3f}", f"{np.max(held_out):.3f}"))
    return Result(
        ("student", "training", "held out", "worst run"),
        tuple(rows),
        "Losses in units of the best linear predictor's. "
        f"Below it on new inputs in every run: {', '.join(under) or 'none'}.",
    )


def students_panel() -> RerunPanel:
    """Three students and their twins without the shortcut, on one task.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Three students and their twins",
        students,
        {
            "output_sum": number(1.0, -4.0, 4.0, "S", step=0.05),
            "angle": number(0.3, 0.0, 1.0, "angle φ₀ / π"),
            "training": choice(
                1000, {f"{n:,}": n for n in (100, 300, 1000, 3000)}, "training examples"
            ),
            "runs": whole(2, 1, 20, "runs"),
            "seed": whole(0, 0, 9999, "seed"),
        },
    )
