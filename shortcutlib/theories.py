"""The three theories side by side, as rows of a table whose numbers the library computes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from shortcutlib.comparison import best_linear_loss, trap_loss
from shortcutlib.convergence import stage_one_iterations
from shortcutlib.reslink import small_limit
from shortcutlib.teacher import Teacher

__all__ = ["PAPERS", "Row", "Table", "side_by_side"]

#: The papers, in the order of every row.
PAPERS = ("Liu et al. 2019", "Li and Yuan 2017", "Shamir 2018")


@dataclass(frozen=True)
class Row:
    """One question, and the answer of each paper.

    Attributes
    ----------
    question : str
    answers : tuple of str
        In the order of `PAPERS`.
    """

    question: str
    answers: tuple[str, str, str]


@dataclass(frozen=True, repr=False)
class Table:
    """Rows that show themselves: three columns where there is room, one on a phone.

    Attributes
    ----------
    rows : sequence of Row
    """

    rows: Sequence[Row]

    def __repr__(self) -> str:
        lines = []
        for row in self.rows:
            lines.append(row.question)
            lines += [
                f"  {paper}: {answer}" for paper, answer in zip(PAPERS, row.answers, strict=True)
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        # A grid folds into one column by itself; a table of sentences would scroll sideways.
        grid = (
            "display: grid; gap: .2rem 1.2rem; margin: 0 0 1rem; "
            "grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr))"
        )
        parts = []
        for row in self.rows:
            cells = "".join(
                f"<div><dt>{escape(paper)}</dt>"
                f'<dd style="margin: 0 0 .4rem">{escape(answer)}</dd></div>'
                for paper, answer in zip(PAPERS, row.answers, strict=True)
            )
            parts.append(
                f"<p style='margin: .8rem 0 .2rem'><strong>{escape(row.question)}</strong></p>"
                f'<dl style="{grid}">{cells}</dl>'
            )
        return "<div>" + "".join(parts) + "</div>"


def side_by_side(teacher: Teacher, *, features: int = 8) -> Table:
    """The table of the three theories, with the numbers that belong to one teacher.

    Parameters
    ----------
    teacher : Teacher
        The convolutional teacher; flattened, its inputs have length d = p k.
    features : int, default 8
        m, number of features of Shamir's unit.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If `features` is not positive.

    Notes
    -----
    Sources: Liu et al. (2019), Li and Yuan (2017), Shamir (2018), and what this book found of them.
    """
    if features < 1:
        raise ValueError(f"features = {features}: give at least 1")
    k, p = teacher.k, teacher.p
    d = k * p
    trap = trap_loss(teacher) / best_linear_loss(teacher)
    step = 1 / k**2
    length = stage_one_iterations(step)
    # Rounded down: every constant below the limit will do.
    low = math.floor(1000 * small_limit()) / 1000
    return Table(
        (
            Row(
                "The network",
                (
                    f"One filter for {k} patches, relu, output weights a. The shortcut 1/√p is "
                    "added to the filter w, and 1/√p + w is divided by its length.",
                    "Fully connected: relu of (I + W)'x, then a plain sum of all units.",
                    "w'(x + V f(x)) with any network f; the shortcut carries x to the last layer.",
                ),
            ),
            Row(
                "Inputs and labels",
                (
                    "Gaussian; labels from a teacher of the same form, at most 60° from the "
                    "shortcut.",
                    "Gaussian; labels from a teacher of the same form, with ‖W*‖₂ ≤ γ₀.",
                    "Any, in any relation; only the loss must be convex and smooth.",
                ),
            ),
            Row(
                f"What is trained (numbers for p = {p}, k = {k})",
                (
                    f"Both layers: {p + k} numbers.",
                    f"The first layer alone, the output weights are known: {d * d} numbers.",
                    f"Everything; the theorems ask for (w, V): {d + d * features} numbers "
                    f"with {features} features.",
                ),
            ),
            Row(
                "Start",
                (
                    "w = 0, a anywhere in a ball.",
                    "Any W with ‖W‖₂ ≤ γ₀, such as a small random one; γ₀ < γ.",
                    "Any.",
                ),
            ),
            Row(
                "Landscape",
                (
                    "One global optimum and one spurious point; for this teacher the latter's loss "
                    f"is {trap:.2f} times that of the best linear predictor.",
                    "One optimum near the identity. Far from it there are d! - 1 more if ‖W*‖₂ < "
                    "1, and there can be local minima that are no optima.",
                    "No local minimum in (w, V) above the best linear predictor.",
                ),
            ),
            Row(
                "Algorithm",
                (
                    "Gradient descent on the expected loss, with a small filter step first.",
                    "Stochastic gradient descent whose noise has mean zero and never more than a "
                    "small norm; batches of Gaussian inputs have no such bound.",
                    "None for this network; SGD if the shortcut goes to the output (Theorem 4).",
                ),
            ),
            Row(
                "Phases",
                (
                    "Stage I: a turns until a'a* ≥ ‖a*‖²/5. Stage II: both layers converge.",
                    "Phase I: the potential falls. Phase II: one-point convexity.",
                    "None.",
                ),
            ),
            Row(
                "Rates",
                (
                    f"Stage I: at most {length} steps for η = 1/k², that is "
                    f"{length * step:.1f}/η; Stage II: O(log(1/δ)/η).",
                    "Polynomial in d; in Phase II a squared error of O(log T/T). One-point "
                    f"convexity with constant 0.03 as printed; by this book {low:.3f} for small γ.",
                    "Theorem 3: polynomial, for stationary points. Theorem 4: O(1/√T).",
                ),
            ),
            Row(
                "What the shortcut does",
                (
                    "It chooses the start of the filter, on the right side.",
                    "It chooses the start, and gives every unit a name.",
                    "It changes the class of functions: every linear one is inside.",
                ),
            ),
            Row(
                "Limits",
                (
                    "Two layers, Gaussian inputs, a teacher of the student's size.",
                    "Output weights known, W* small; the paper uses Phase II at norms up to 1/100.",
                    "A yardstick, not a goal; descents can run away to infinity.",
                ),
            ),
        )
    )
