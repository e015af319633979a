"""The disc of starts by fate, with and without warm-up, and the success probability."""

from shortcutlib import exact
from shortcutlib.exact import ExactProbability
from shortcutlib.explorers.one_teacher import TeacherExplorer
from shortcutlib.reduced import ReducedState, state
from shortcutlib.success import Outcomes, classify

__all__ = ["BasinExplorer"]


class BasinExplorer(TeacherExplorer):
    """Two discs of starts, their borders, and the probability of success, at every slider's move.

    Parameters
    ----------
    k, angle, size, share, output_step, ratio, warmup
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.
    """

    kind = "basins"
    title = "Which starts succeed, and how probable that is"

    def probability(self, *, warmup: bool = True, tolerance: float = 1e-8) -> ExactProbability:
        """The success probability by quadrature (needs SciPy).

        Parameters
        ----------
        warmup : bool, default True
            With the warm-up or without.
        tolerance : float, default 1e-8
            Accuracy sought.

        Returns
        -------
        ExactProbability
        """
        steps = self.steps(warmup=warmup)
        return exact.success_probability(self.teacher, steps, tolerance=tolerance)

    def fates(self, starts: ReducedState, *, warmup: bool = True) -> Outcomes:
        """The fates of given starts under the parameters shown.

        Parameters
        ----------
        starts : ReducedState
            Arrays of shape (n,).
        warmup : bool, default True
            With the warm-up or without.

        Returns
        -------
        Outcomes
        """
        return classify(self.teacher, state(*starts), self.steps(warmup=warmup))
