"""Long trainings that lose nothing when they are interrupted.

A training lives in two files.  The results file grows by one checked record at a time and is what
the figures are drawn from; the state beside it (``<name>.state.npz``) is replaced as a whole now
and then.  A training that starts again takes the state, repeats the steps since, exactly, and
appends from the first record that is missing.
"""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shortcutlib.results_file import ResultsFile, ResultsFileError

__all__ = ["Training", "restore_generator", "run_training", "state_file"]

Record = dict[str, Any]


class Training(Protocol):
    """What can be trained in pieces, measured, saved and taken up again."""

    step: int

    def advance(self, step: int) -> None:
        """Train until `step` steps have been done."""

    def measure(self) -> Record:
        """What is to be recorded here, in JSON's types."""

    def state(self) -> tuple[Mapping[str, NDArray[Any]], Record]:
        """Arrays, and further values in JSON's types, that determine all that follows."""

    def restore(self, arrays: Mapping[str, NDArray[Any]], values: Record) -> None:
        """Continue from a state, which is this object's own from now on."""


def state_file(path: Path) -> Path:
    """Where the state of the training with this results file is kept.

    Parameters
    ----------
    path : Path
        The results file.

    Returns
    -------
    Path
    """
    return path.with_name(path.name + ".state.npz")


def restore_generator(state: Any) -> np.random.Generator:
    """A generator that goes on where another one was.

    Parameters
    ----------
    state : mapping
        ``generator.bit_generator.state`` of a PCG64 generator, as JSON gives it back.

    Returns
    -------
    numpy.random.Generator
    """
    bits = np.random.PCG64()
    bits.state = state
    return np.random.Generator(bits)


def run_training(
    path: Path,
    configuration: Mapping[str, Any],
    training: Training,
    schedule: Iterable[int],
    *,
    origin: Mapping[str, Any] | None = None,
    save_every: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Record]:
    """Train to the end of a schedule, recording on the way; continue what an earlier run began.

    Parameters
    ----------
    path : Path
        Results file; it is created, or continued.
    configuration : mapping
        What the results belong to; another one in the file is refused.
    training : Training
        At its start.
    schedule : iterable of int
        Steps at which to measure, increasing.
    origin : mapping, optional
        Versions and the like, recorded in a new file.
    save_every : float, default 60
        Seconds between two savings of the state.
    progress : callable, optional
        Called with the step reached and the last one, after every record.

    Returns
    -------
    list of dict
        All records of the file, each with its ``"step"``.

    Raises
    ------
    ResultsFileError
        If the file belongs to something else or is damaged.
    """
    steps = list(schedule)
    with ResultsFile(path, configuration, origin) as results:
        records = list(results.records)
        saved = state_file(path)
        if records and saved.exists():
            _load(saved, configuration, training)
        known = records[-1]["step"] if records else -1
        last = time.monotonic()
        try:
            for step in steps:
                if step < training.step or (step == training.step and step <= known):
                    continue
                training.advance(step)
                if step <= known:
                    continue
                record = {"step": step, **training.measure()}
                results.append(record)
                records.append(record)
                if progress is not None:
                    progress(step, steps[-1])
                if time.monotonic() - last >= save_every:
                    _save(saved, configuration, training)
                    last = time.monotonic()
        finally:
            # After an interruption in the middle of a step the arrays are still whole: trainings
            # replace them by new ones.  Only a state at a record can be continued exactly.
            if records and training.step == records[-1]["step"]:
                _save(saved, configuration, training)
    return records


def _save(path: Path, configuration: Mapping[str, Any], training: Training) -> None:
    arrays, values = training.state()
    about = json.dumps({"configuration": configuration, "step": training.step, "values": values})
    draft = path.with_name(path.name + ".partial")
    with draft.open("wb") as file:
        np.savez(file, allow_pickle=False, about=np.array(about), **arrays)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _load(path: Path, configuration: Mapping[str, Any], training: Training) -> None:
    try:
        with np.load(path) as content:
            about = json.loads(str(content["about"]))
            arrays = {name: content[name] for name in content.files if name != "about"}
    except (ValueError, KeyError, OSError, EOFError) as problem:
        raise ResultsFileError(
            f"{path} cannot be read ({problem}); remove it to start over"
        ) from None
    if about["configuration"] != json.loads(json.dumps(dict(configuration))):
        raise ResultsFileError(f"{path} belongs to another configuration; remove it")
    training.restore(arrays, about["values"])
    training.step = about["step"]
