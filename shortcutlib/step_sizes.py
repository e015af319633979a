"""Step sizes of the two layers over time, the warm-up among them."""

from collections.abc import Iterator
from dataclasses import dataclass

from shortcutlib.teacher import check_finite, check_size

__all__ = ["Phase", "StepSizes"]


@dataclass(frozen=True)
class Phase:
    """A stretch of iterations with fixed step sizes.

    Parameters
    ----------
    output : float
        Step size eta_a of the output weights, at least 0.
    filter : float
        Step size eta_w of the first layer, at least 0.
    iterations : int or None
        Length of the phase; None lasts for ever.
    """

    output: float
    filter: float
    iterations: int | None = None


@dataclass(frozen=True)
class StepSizes:
    """A schedule: phases one after the other, the last without end.

    Parameters
    ----------
    phases : tuple of Phase
        At least one; every phase but the last has a length.

    Raises
    ------
    ValueError
        If a step size is negative or not finite, or the lengths do not fit.
    """

    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        if not self.phases:
            raise ValueError("phases is empty: give at least one Phase")
        for number, phase in enumerate(self.phases):
            for name in ("output", "filter"):
                value = check_finite(f"{name} step size", getattr(phase, name))
                if value < 0:
                    raise ValueError(f"{name} step size = {value}: give a number of at least 0")
            is_last = number == len(self.phases) - 1
            if is_last != (phase.iterations is None):
                raise ValueError(
                    f"phase {number} of {len(self.phases)} has iterations = {phase.iterations}: "
                    "only the last phase goes on for ever (iterations=None)"
                )
            if phase.iterations is not None and (
                isinstance(phase.iterations, bool)
                or phase.iterations != int(phase.iterations)
                or phase.iterations < 0
            ):
                raise ValueError(
                    f"iterations = {phase.iterations!r}: give a whole number of at least 0"
                )

    @classmethod
    def constant(cls, output: float, filter: float) -> "StepSizes":
        """The same two step sizes for ever.

        Parameters
        ----------
        output, filter : float
            Step sizes eta_a and eta_w.
        """
        return cls((Phase(output, filter),))

    @classmethod
    def with_warmup(
        cls, output: float, filter: float, *, iterations: int, warmup_filter: float
    ) -> "StepSizes":
        """A careful filter first: eta_w = `warmup_filter` for some iterations, then `filter`.

        Parameters
        ----------
        output, filter : float
            Step sizes eta_a (throughout) and eta_w (after the warm-up).
        iterations : int
            Length T1 of the warm-up.
        warmup_filter : float
            Step size eta_w during the warm-up.
        """
        return cls((Phase(output, warmup_filter, iterations), Phase(output, filter)))

    @classmethod
    def layer_wise(cls, output: float, filter: float, *, iterations: int) -> "StepSizes":
        """The output layer alone first (eta_w = 0), then both.

        Parameters
        ----------
        output, filter : float
            Step sizes eta_a (throughout) and eta_w (afterwards).
        iterations : int
            Iterations with the filter at rest.

        Notes
        -----
        Source: the authors' response to reviews, reviewer 2, comment 3.
        """
        return cls.with_warmup(output, filter, iterations=iterations, warmup_filter=0.0)

    @classmethod
    def section_4(cls, k: int, *, warmup: int) -> "StepSizes":
        """The paper's experiments: eta_a = 1/k^2; eta_w = eta_a^2 in the warm-up, then eta_a.

        Parameters
        ----------
        k : int
            Number of patches.
        warmup : int
            Iterations of warm-up, 1000 in the paper; 0 for none.

        Notes
        -----
        Source: Liu et al. (2019), section 4.
        """
        check_size("k", k)
        step = 1 / k**2
        if warmup == 0:
            return cls.constant(step, step)
        return cls.with_warmup(step, step, iterations=warmup, warmup_filter=step**2)

    def at(self, iteration: int) -> tuple[float, float]:
        """Step sizes (eta_a, eta_w) of the step that leaves iterate number `iteration` (from 0)."""
        for phase, _, end in self.stretches():
            if end is None or iteration < end:
                return phase.output, phase.filter
        raise AssertionError("the last phase has no end")

    def stretches(self) -> Iterator[tuple[Phase, int, int | None]]:
        """Phases with the iteration at which each begins and ends (None: never)."""
        begin = 0
        for phase in self.phases:
            end = None if phase.iterations is None else begin + int(phase.iterations)
            yield phase, begin, end
            begin = end if end is not None else begin
