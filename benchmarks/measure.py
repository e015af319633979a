"""CPU time in turns: every contestant once a round, so that a noisy machine hits all of them."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["cpu_seconds", "report", "verdict"]


def cpu_seconds(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each contestant over interleaved rounds, after one unmeasured call.

    Parameters
    ----------
    contestants : mapping of str to callable
        Called without arguments.
    rounds : int
        Measured calls of each.

    Returns
    -------
    dict of str to float
    """
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(rounds + 1):
        for name, call in contestants.items():
            begin = time.process_time()
            call()
            if round_:
                spent[name].append(time.process_time() - begin)
    return {name: statistics.median(times) for name, times in spent.items()}


def verdict(value: float, goal: float, *, at_least: bool) -> str:
    """Whether a goal is met, in words."""
    met = value >= goal if at_least else value <= goal
    return f"{'at least' if at_least else 'at most'} {goal:,g}: {'met' if met else 'NOT met'}"


def report(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns under a title; the first row is the heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print(f"\n{title}")
    for number, row in enumerate(rows):
        print("  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * w for w in widths))
