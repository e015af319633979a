"""The process in which a submission's code runs: limited, without the tests, and thrown away.

Run as ``python -m shortcutlib.grade.pupil``.  It reads commands from one pipe and writes answers to
another; `shortcutlib.grade.remote` holds the other ends.  Commands come from the grader and are
unpickled; answers are plain values only (`shortcutlib.grade.values`).
"""

import builtins
import ctypes
import importlib
import json
import linecache
import os
import pickle
import signal
import sys
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from shortcutlib.grade import values

__all__ = ["main"]

#: Largest file that the code may write, in bytes.
LARGEST_FILE = 100 * 2**20
#: Characters of an error message.
SHOWN = 300


class _Silent:
    """Stands in for what a notebook brings along; every use of it does nothing."""

    def __getattr__(self, name: str) -> "_Silent":
        return self

    def __call__(self, *arguments: Any, **named: Any) -> "_Silent":
        return self


class _Pupil:
    """The submission's names, and the functions handed out so far."""

    def __init__(self, refused: Sequence[str]) -> None:
        # The submission's own __main__, which modules and pickles find under that name.
        main = types.ModuleType("__main__")
        self.names = vars(main)
        self.names.update(
            __builtins__=builtins,
            get_ipython=lambda: _Silent(),
            display=lambda *things, **named: None,
        )
        sys.modules["__main__"] = main
        # The submission calls Otter's checks; they have nothing to say here.
        otter = types.ModuleType("otter")
        otter.Notebook = _Silent()  # type: ignore[attr-defined]
        sys.modules["otter"] = otter
        self.functions: list[Callable[..., Any]] = []
        _refuse(refused)

    def run(self, number: int, source: str) -> dict[str, Any]:
        """Run one cell."""
        name = f"<cell {number}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)

        def run() -> dict[str, Any]:
            exec(compile(source, name, "exec"), self.names)
            return {}

        return self._tried(run)

    def look(self, name: str) -> dict[str, Any]:
        """The value of a name."""
        if name not in self.names:
            return {"missing": True}
        return self._tried(lambda: {"value": values.encode(self.names[name], self._keep)})

    def call(
        self, number: int, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> dict[str, Any]:
        """The value of a function that was handed out."""
        function = self.functions[number]
        return self._tried(
            lambda: {"value": values.encode(function(*arguments, **named), self._keep)}
        )

    def _keep(self, function: Callable[..., Any]) -> int:
        self.functions.append(function)
        return len(self.functions) - 1

    @staticmethod
    def _tried(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return work()
        except BaseException as problem:
            return {"error": _described(problem)}


def _described(problem: BaseException) -> dict[str, Any]:
    """An exception in words, with the last place in the submission that it passed."""
    try:
        message = str(problem)[:SHOWN]
    except Exception:
        message = ""
    place: dict[str, Any] = {}
    trace = problem.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith("<cell "):
            line = linecache.getline(name, trace.tb_lineno).strip()[:SHOWN]
            place = {"cell": name[1:-1], "line": trace.tb_lineno, "source": line}
        trace = trace.tb_next
    if isinstance(problem, SyntaxError) and (problem.filename or "").startswith("<cell "):
        place = {
            "cell": str(problem.filename)[1:-1],
            "line": problem.lineno,
            "source": (problem.text or "").strip()[:SHOWN],
        }
        message = problem.msg
    kinds = [kind.__name__ for kind in type(problem).__mro__ if kind.__module__ == "builtins"]
    return {"type": type(problem).__name__, "kinds": kinds, "message": message, **place}


def _refuse(modules: Sequence[str]) -> None:
    """Let the submission itself not import some modules; the library may go on using them."""
    if not modules:
        return
    ordinary, by_name = builtins.__import__, importlib.import_module

    def refused(name: str) -> bool:
        return any(name == module or name.startswith(f"{module}.") for module in modules)

    def check(*names: str) -> None:
        # Two frames up is who imports.
        if sys._getframe(2).f_globals.get("__name__") == "__main__":
            for name in names:
                if refused(name):
                    raise ImportError(f"this assignment does without {name}")

    def checked(
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        check(name, *(f"{name}.{part}" for part in fromlist or ()))
        return ordinary(name, globals, locals, fromlist or (), level)

    def import_module(name: str, package: str | None = None) -> Any:
        check(name)
        return by_name(name, package)

    builtins.__import__ = checked
    importlib.import_module = import_module


def _limit(memory: int, seconds: int) -> None:
    """Hold this process, and what it starts, to its limits where the system knows how."""
    with suppress(ImportError):
        import resource

        for kind, most in (
            (resource.RLIMIT_AS, memory),
            # Of processor time, and only in case that nobody is left to watch the clock.
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, LARGEST_FILE),
            (resource.RLIMIT_CORE, 0),
        ):
            # macOS has the name of the first limit and refuses it.
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
    with suppress(OSError, AttributeError):
        # Linux: end with the grader (PR_SET_PDEATHSIG); the first to go where memory is short.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")


def main(arguments: Sequence[str]) -> None:
    """Serve commands until their pipe is closed.

    Parameters
    ----------
    arguments : sequence of str
        File descriptors of the commands and the answers, most bytes of memory, most seconds of
        processor time, and the refused modules.
    """
    commands = Connection(int(arguments[0]), writable=False)
    answers = Connection(int(arguments[1]), readable=False)
    # Programs started by the submission get no hold of the pipes.
    for pipe in (commands, answers):
        os.set_inheritable(pipe.fileno(), False)
    _limit(int(arguments[2]), int(arguments[3]))
    pupil = _Pupil(arguments[4:])
    known: dict[str, Callable[..., dict[str, Any]]] = {
        "run": pupil.run,
        "look": pupil.look,
        "call": pupil.call,
    }
    answers.send_bytes(b'{"ready": true}')
    while True:
        try:
            request = commands.recv_bytes()
        except EOFError:
            return
        try:
            verb, parameters = pickle.loads(request)
        except Exception as problem:
            answer: dict[str, Any] = {"error": _described(problem)}
        else:
            answer = known[verb](*parameters)
        answers.send_bytes(json.dumps(answer).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
