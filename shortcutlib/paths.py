"""What a run of gradient descent leaves behind: its path, and why it stopped."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortcutlib.angles import FloatArray

__all__ = ["Network", "Path", "Recorder", "StopReason", "check_network", "progress_bar"]

#: ``"residual"``: the paper's descent (8), the filter renormalised after every step.  ``"cnn"``:
#: the descent of Du et al. (2018) on v/|v|, where the length of v is left to grow.
Network = Literal["residual", "cnn"]


class StopReason(Enum):
    """Why a run stopped."""

    GLOBAL_OPTIMUM = "global optimum"
    SPURIOUS_POINT = "spurious point"
    ITERATIONS_SPENT = "iterations spent"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


class Record(NamedTuple):
    """The quantities of the paper's Figure 5 at one iterate."""

    iteration: int
    alignment: float
    angle: float
    filter_distance: float
    output_distance: float
    loss: float


@dataclass(frozen=True, eq=False)
class Path:
    """The recorded iterates of a run, one array entry each.

    Attributes
    ----------
    iteration : ndarray of int
        Iterate numbers, from 0.
    alignment : ndarray
        q = a'a*.
    angle : ndarray
        phi, the angle between the student's filter and v*, in [0, pi].
    filter_distance : ndarray
        |w - w*|^2 for the normalised filter, in [0, 4].
    output_distance : ndarray
        |a - a*|^2.
    loss : ndarray
        Expected loss.

    Notes
    -----
    Source: the panels of Figure 5 in Liu et al. (2019).
    """

    iteration: NDArray[np.int64]
    alignment: FloatArray
    angle: FloatArray
    filter_distance: FloatArray
    output_distance: FloatArray
    loss: FloatArray

    def __len__(self) -> int:
        return self.iteration.size


class Recorder:
    """Collects records, every so many iterates and whenever told to."""

    def __init__(self, every: int) -> None:
        check_record_every(every)
        self.every = int(every)
        self._records: list[Record] = []

    def is_due(self, iteration: int) -> bool:
        """Whether this iterate belongs to the regular record."""
        return iteration % self.every == 0

    def add(self, record: Record) -> None:
        """Append a record, unless that iterate is there already."""
        if not self._records or self._records[-1].iteration != record.iteration:
            self._records.append(record)

    def path(self) -> Path:
        """The records so far, as arrays."""
        columns = list(zip(*self._records, strict=True))
        return Path(np.array(columns[0], dtype=np.int64), *(np.array(c) for c in columns[1:]))


def check_record_every(every: int) -> None:
    """Refuse a recording interval that is not a positive whole number."""
    if isinstance(every, bool) or every != int(every) or every < 1:
        raise ValueError(f"record_every = {every!r}: give a whole number of at least 1")


def check_network(network: str) -> None:
    """Refuse an unknown network name."""
    if network not in ("residual", "cnn"):
        raise ValueError(f"network = {network!r}: choose 'residual' or 'cnn'")


def check_run(iterations: int, tolerance: float) -> None:
    """Refuse a budget or a tolerance that makes no sense, before any work starts."""
    if isinstance(iterations, bool) or iterations != int(iterations) or iterations < 0:
        raise ValueError(f"iterations = {iterations!r}: give a whole number of at least 0")
    if not 0 <= tolerance < np.inf:
        raise ValueError(f"tolerance = {tolerance!r}: give a number of at least 0")


def progress_bar(total: int | None, description: str, *, enabled: bool) -> Any:
    """A tqdm bar on standard error, or a silent one that has the same two methods."""
    if not enabled:
        return _Silent()
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "progress=True shows its bar with tqdm, which is not installed: "
            "pip install tqdm, or leave progress off"
        ) from None
    return tqdm(total=total, desc=description, unit="step", unit_scale=True, leave=False)


class _Silent:
    """Stands in for a progress bar where none is wanted."""

    def __enter__(self) -> "_Silent":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, n: int = 1) -> None:
        """Do nothing."""
