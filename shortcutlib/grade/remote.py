"""The grader's end of a submission's process: what its names stand for, without trusting it.

A check sees the submission's functions as functions and its numbers as numbers.  Every call goes
to the other process and back as plain values, under a time limit.  A process that does not answer
is killed, and a fresh one runs the notebook again for the checks that are left.
"""

import builtins
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from shortcutlib.grade import values
from shortcutlib.grade.submission import Cell, forbidden_imports

__all__ = ["AnswerError", "Limits", "Names", "Pupil"]

#: Largest answer that is read, in bytes.
LARGEST = 64 * 2**20
#: Seconds for a process to start.
STARTING = 60.0


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    cell : float
        Seconds for one cell.
    call : float
        Seconds for one call of a function by a check.
    total : float
        Seconds for the whole submission.
    memory : int
        Megabytes (of 2**20 bytes) of address space.
    """

    cell: float = 60.0
    call: float = 30.0
    total: float = 600.0
    memory: int = 3072

    def __post_init__(self) -> None:
        for name in ("cell", "call", "total", "memory"):
            if not getattr(self, name) > 0:
                raise ValueError(f"the limit {name} = {getattr(self, name)} must be positive")


class AnswerError(Exception):
    """What is wrong with an answer; the message is for the student."""


class _Stopped(Exception):
    """The submission's process did not answer, and is gone."""


class Pupil:
    """A submission's process, started again as often as it takes.

    Parameters
    ----------
    cells : sequence of Cell
        The notebook.
    files : mapping of str to bytes
        Files that the notebook may read, by their names.
    forbidden : sequence of str
        Modules that the notebook may not import.
    limits : Limits
        What it may use.
    wrap : sequence of str
        A command to put before the process's own; ``{folder}`` in it becomes the folder that the
        process works in.

    Attributes
    ----------
    notes : list of str
        What went wrong with cells, for the student.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        files: Mapping[str, bytes],
        forbidden: Sequence[str],
        limits: Limits,
        wrap: Sequence[str] = (),
    ) -> None:
        self.limits = limits
        self.notes: list[str] = []
        self._forbidden = tuple(forbidden)
        self._files, self._wrap = files, tuple(wrap)
        self._cells = []
        for cell in cells:
            named = forbidden_imports(cell.source, forbidden)
            if cell.problem:
                self.notes.append(f"{cell.title}: {cell.problem}. The cell was not run.")
            elif named:
                self.notes.append(
                    f"{cell.title} imports {', '.join(named)}, which this assignment does without. "
                    "The cell was not run."
                )
            else:
                self._cells.append(cell)
        self._deadline = time.monotonic() + limits.total
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: str | None = None
        self._starts = 0
        #: Whether the notes have the errors of the cells.
        self._told = False
        #: Functions that did not end, by name: they are not called again.
        self._endless: dict[str, str] = {}

    def __enter__(self) -> "Pupil":
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop()

    @property
    def starts(self) -> int:
        """How many processes there have been: functions of an earlier one cannot be called."""
        return self._starts

    def look(self, name: str) -> Any:
        """What a name stands for: a plain value, or a function to call.

        Parameters
        ----------
        name : str
            A name at the top level of the notebook.

        Returns
        -------
        object
            `Unusable` where there is nothing a check could use.
        """
        try:
            self._ensure()
            answer = self._ask("look", (name,), self.limits.call)
        except _Stopped as problem:
            return _Unusable(f"`{name}` could not be read: {problem}")
        if answer.get("missing"):
            return _Unusable(f"`{name}` is not defined{self._because()}")
        if "error" in answer:
            return _Unusable(f"`{name}` could not be read: {_words(answer['error'])}")
        return self._wrapped(answer["value"], name, top=True)

    def call(self, function: "_Function", arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Call a function of the submission."""
        name = function.label
        if name in self._endless:
            raise AnswerError(self._endless[name])
        if function.generation != self._starts or self._process is None:
            if not function.top:
                raise AnswerError(f"`{name}` belongs to a run of the notebook that had to be ended")
            again = self.look(name)
            if not isinstance(again, _Function):
                raise AnswerError(f"`{name}` is no function when the notebook is run again")
            function = again
        try:
            answer = self._ask("call", (function.number, arguments, named), self.limits.call)
        except _Stopped as problem:
            self._endless[name] = f"`{name}` {problem}"
            raise AnswerError(self._endless[name]) from None
        if "error" in answer:
            raise _exception(name, answer["error"])
        value = self._wrapped(answer["value"], f"{name}(...)", top=False)
        if value is None or isinstance(value, _Unusable):
            raise AnswerError(
                f"`{name}` returns nothing yet (None or ...)" if value is None else value.why
            )
        return value

    def _wrapped(self, text: Any, name: str, *, top: bool) -> Any:
        try:
            value = values.decode(text)
        except (ValueError, TypeError) as problem:
            return _Unusable(f"`{name}` could not be read: {problem}")

        def wrap(value: Any) -> Any:
            if value is Ellipsis:
                return _Unusable(f"`{name}` is not answered yet (it is still ...)")
            if isinstance(value, values.Foreign):
                return _Unusable(
                    f"`{name}` is of type {value.kind} ({value.shown}): "
                    "a number, an array, a text or a list of them was expected"
                )
            if isinstance(value, values.FunctionReference):
                label = name if top else f"{name}: {value.name}"
                return _Function(self, value.number, label, self._starts, top)
            if isinstance(value, (list, tuple)):
                return type(value)(wrap(item) for item in value)
            if isinstance(value, dict):
                return {key: wrap(item) for key, item in value.items()}
            return value

        return wrap(value)

    def _because(self) -> str:
        return f" (see: {self.notes[-1]})" if self.notes else ""

    def _ensure(self) -> None:
        """Have a process that has run the whole notebook."""
        while self._process is None:
            self._start()
            errors = self._run_notebook()
            if self._process is not None and not self._told:
                self._told = True
                self.notes.extend(errors)

    def _run_notebook(self) -> list[str]:
        """Run the cells; the errors they raise.  A cell that ends the process is given up."""
        errors = []
        for cell in self._cells:
            try:
                answer = self._ask("run", (cell.number, cell.source), self.limits.cell)
            except _Stopped as problem:
                # The others still count: once more, without this one.
                self._cells.remove(cell)
                self.notes.append(f"{cell.title} {problem}. It was left out.")
                return []
            if "error" in answer:
                errors.append(f"{cell.title}: {_words(answer['error'])}.")
        return errors

    def _start(self) -> None:
        if time.monotonic() > self._deadline:
            raise _Stopped(self._out_of_time())
        self._starts += 1
        self._folder = tempfile.mkdtemp(prefix="grade-")
        for name, content in self._files.items():
            # The last part only: nothing is written outside the folder.
            (Path(self._folder) / Path(name).name).write_bytes(content)
        command_reader, command_writer = os.pipe()
        answer_reader, answer_writer = os.pipe()
        wrap = [part.replace("{folder}", self._folder) for part in self._wrap]
        command = [
            *(*wrap, sys.executable, "-m", "shortcutlib.grade.pupil"),
            *(str(command_reader), str(answer_writer)),
            *(str(self.limits.memory * 2**20), str(int(self.limits.total) + 60)),
            *self._forbidden,
        ]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            env=_environment(self._folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(command_reader, answer_writer),
            start_new_session=True,
        )
        os.close(command_reader)
        os.close(answer_writer)
        self._commands = Connection(command_writer, readable=False)
        self._answers = Connection(answer_reader, writable=False)
        self._receive(STARTING)

    def _stop(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._commands.close()
        self._answers.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, verb: str, parameters: tuple[Any, ...], seconds: float) -> dict[str, Any]:
        message = _pickled((verb, parameters))
        try:
            self._commands.send_bytes(message)
        except OSError:
            raise self._ended() from None
        return self._receive(seconds)

    def _receive(self, seconds: float) -> dict[str, Any]:
        left = self._deadline - time.monotonic()
        try:
            if not self._answers.poll(max(0.0, min(seconds, left))):
                self._stop()
                raise _Stopped(
                    f"did not end within {seconds:g} seconds"
                    if seconds < left
                    else self._out_of_time()
                )
            answer = json.loads(self._answers.recv_bytes(LARGEST))
            if not isinstance(answer, dict):
                raise ValueError
        except EOFError:
            raise self._ended() from None
        except (OSError, ValueError):
            self._stop()
            raise _Stopped("gave an answer that is too large or cannot be read") from None
        return answer

    def _ended(self) -> _Stopped:
        """The process has gone of its own accord; why, as far as its exit status tells."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        status = self._process.returncode
        self._stop()
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            return _Stopped(f"was ended by the system ({name}: too much memory or time?)")
        return _Stopped("ended the whole Python process (os._exit, or a crash)")

    def _out_of_time(self) -> str:
        return f"was not run: the {self.limits.total:g} seconds of the whole notebook are used up"


class Names(Mapping[str, Any]):
    """The names of a submission, as the checks ask for them."""

    def __init__(self, pupil: Pupil) -> None:
        self._pupil = pupil

    def __getitem__(self, name: str) -> Any:
        return self._pupil.look(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _Function:
    """A function of the submission, to be called from a check."""

    def __init__(self, pupil: Pupil, number: int, label: str, generation: int, top: bool) -> None:
        self._pupil, self.number, self.label = pupil, number, label
        self.generation, self.top = generation, top

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._pupil.call(self, arguments, named)

    def __repr__(self) -> str:
        return f"<the submission's {self.label}>"


def _complaining(*names: str) -> Callable[[type], type]:
    """A class decorator: every one of these operations raises the reason."""

    def decorate(kind: type) -> type:
        def complain(self: Any, *arguments: Any, **named: Any) -> Any:
            raise AnswerError(self.why)

        for name in names:
            setattr(kind, name, complain)
        return kind

    return decorate


@_complaining(
    *("__call__", "__iter__", "__len__", "__getitem__", "__contains__", "__bool__", "__float__"),
    *("__int__", "__index__", "__complex__", "__array__", "__eq__", "__ne__", "__lt__", "__le__"),
    *("__gt__", "__ge__", "__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__"),
    *("__truediv__", "__rtruediv__", "__pow__", "__rpow__", "__matmul__", "__rmatmul__"),
    *("__neg__", "__abs__", "__getattr__", "__format__", "__str__"),
)
class _Unusable:
    """An answer that no check can use; any use of it says why."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, why: str) -> None:
        self.why = why


def _pickled(request: Any) -> bytes:
    try:
        return pickle.dumps(request)
    except (pickle.PicklingError, AttributeError, TypeError):
        # A function defined inside a check.
        import dill

        return bytes(dill.dumps(request, recurse=True))


def _environment(folder: str) -> dict[str, str]:
    """Few variables: no secrets of the grader's, one thread, a home that is thrown away."""
    kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        **dict.fromkeys(threads, "1"),
        "HOME": folder,
        "TMPDIR": folder,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": folder,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        # The folder the submission works in must not provide the grader's own modules.
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(_library_path()),
    }


def _library_path() -> list[str]:
    """Where this library was imported from, for a process that starts elsewhere."""
    import shortcutlib

    return [str(Path(shortcutlib.__file__).resolve().parents[1])]


def _words(error: Any) -> str:
    """An exception of the submission's, in words."""
    if not isinstance(error, dict):
        return "an error that cannot be read"
    text = str(error.get("type", "an error"))
    if error.get("message"):
        text += f": {error['message']}"
    if error.get("source"):
        text += f" (in line {error.get('line')} of {error.get('cell')}: `{error['source']}`)"
    if error.get("type") == "MemoryError":
        text += " - more memory than a submission may use"
    return text


def _exception(name: str, error: Any) -> Exception:
    """An exception that a check can catch by its built-in kind, as it would in the notebook."""
    text = f"`{name}` raised {_words(error)}"
    kinds = error.get("kinds", []) if isinstance(error, dict) else []
    for kind in kinds if isinstance(kinds, list) else []:
        found = getattr(builtins, str(kind), None)
        if isinstance(found, type) and issubclass(found, Exception) and found is not Exception:
            with suppress(TypeError):
                made = type(found.__name__, (AnswerError, found), {})(text)
                assert isinstance(made, Exception)
                return made
    return AnswerError(text)
