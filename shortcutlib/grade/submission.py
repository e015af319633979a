"""What was handed in, read as text: the code cells of a notebook and the imports in them.

Nothing is run here, and nothing is taken on trust: not the metadata, not the cells with the checks,
not even that it is a notebook.
"""

import ast
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Submission", "SubmissionError", "forbidden_imports", "read_submission"]

#: Largest notebook that is read, in bytes; pictures make most of it.
LARGEST = 50 * 2**20
#: Cell magics whose cell is run as if it had none; other cell magics are passed over.
TRANSPARENT = ("time", "timeit", "capture", "prun")


class SubmissionError(Exception):
    """Something that cannot be graded; the message is for the student."""


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes
    ----------
    number : int
        Among all cells of the notebook, from 1.
    source : str
        Python, without IPython's own commands.
    problem : str
        Why the cell cannot be run, or empty.
    """

    number: int
    source: str
    problem: str = ""

    @property
    def title(self) -> str:
        """How messages name the cell: by its number and its first line of code."""
        lines = [line.strip() for line in self.source.splitlines()]
        first = next((line for line in lines if line and not line.startswith("#")), "")
        return f"cell {self.number} (`{first[:50]}`)" if first else f"cell {self.number}"


@dataclass(frozen=True)
class Submission:
    """A notebook that was handed in.

    Attributes
    ----------
    cells : tuple of Cell
        Its code cells in their order.
    texts : dict of str to str
        Written answers, by the name of the question.
    """

    cells: tuple[Cell, ...]
    texts: dict[str, str]


def read_submission(path: Path, notebook: str) -> Submission:
    """Read what a student handed in.

    Parameters
    ----------
    path : Path
        A notebook, or a folder or zip archive with one.
    notebook : str
        File name of the assignment's notebook, to choose by among several.

    Returns
    -------
    Submission

    Raises
    ------
    SubmissionError
        If there is no notebook, or one that cannot be read.
    """
    content = _content(path, notebook)
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        raise SubmissionError(
            f"{path.name} is not a notebook (its text is not JSON). "
            "Hand in the .ipynb file that the notebook program saves."
        ) from None
    cells = parsed.get("cells") if isinstance(parsed, dict) else None
    if not isinstance(cells, list):
        raise SubmissionError(
            f"{path.name} is not a notebook of a present format (it has no list of cells). "
            "Open it in JupyterLab, save it, and hand it in again."
        )
    return Submission(tuple(_code_cells(cells)), dict(_texts(cells)))


def forbidden_imports(source: str, forbidden: Sequence[str]) -> list[str]:
    """The forbidden modules that a piece of code names in an import.

    Parameters
    ----------
    source : str
        Python code; code that cannot be parsed imports nothing.
    forbidden : sequence of str
        Full names of modules; what is inside them is forbidden with them.

    Returns
    -------
    list of str
        In the order of the code.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = []
    for node in ast.walk(tree):
        for name in _named(node):
            for module in forbidden:
                if name == module or name.startswith(f"{module}."):
                    found.append(module)
    return list(dict.fromkeys(found))


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Attribute):
        # shortcutlib.population after a mere "import shortcutlib".
        yield ast.unparse(node)
    elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = ast.unparse(node.func)
        if name in ("__import__", "importlib.import_module", "import_module"):
            yield str(node.args[0].value)


def _content(path: Path, notebook: str) -> bytes:
    """The bytes of the notebook that a path means."""
    try:
        if path.is_dir():
            files = {
                str(found.relative_to(path)): found
                for found in sorted(path.rglob("*.ipynb"))
                if found.is_file()
            }
            return _bounded(files[_chosen(list(files), path, notebook)])
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = [n for n in archive.namelist() if n.endswith(".ipynb")]
                name = _chosen(names, path, notebook)
                if archive.getinfo(name).file_size > LARGEST:
                    raise SubmissionError(_too_large(name))
                with archive.open(name) as file:
                    return file.read(LARGEST + 1)
        return _bounded(path)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as problem:
        # The zip module answers encrypted archives with a RuntimeError.
        raise SubmissionError(f"{path.name} cannot be read: {problem}") from None


def _bounded(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise SubmissionError(_too_large(path.name))
    return path.read_bytes()


def _too_large(name: str) -> str:
    return (
        f"{name} is larger than {LARGEST // 2**20} MB. "
        "Clear the outputs of the notebook, save it, and hand it in again."
    )


def _chosen(names: Sequence[str], path: Path, notebook: str) -> str:
    """The one notebook that is meant."""
    ordinary = [
        name
        for name in names
        if not any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)
    ]
    if not ordinary:
        raise SubmissionError(f"there is no notebook in {path.name}")
    same = [name for name in ordinary if Path(name).name == notebook]
    if len(same) == 1 or len(ordinary) == 1:
        return (same or ordinary)[0]
    raise SubmissionError(
        f"there are several notebooks in {path.name} ({', '.join(sorted(ordinary)[:5])}): "
        f"hand in one, called {notebook}"
    )


def _source(cell: Any) -> str:
    """The source of a cell, a text or a list of lines in the file; empty if it is neither."""
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _code_cells(cells: Sequence[Any]) -> Iterator[Cell]:
    # Only the grader needs IPython; a submission's process does not.
    from IPython.core.inputtransformer2 import TransformerManager

    transformer: Any = TransformerManager()  # type: ignore[no-untyped-call]
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = _source(cell)
        magic = re.match(r"\s*%%(\w+)[^\n]*\n?", source)
        if magic and magic[1] not in TRANSPARENT:
            continue
        if magic:
            source = source[magic.end() :]
        if not source.strip():
            continue
        try:
            python: str = transformer.transform_cell(source)
        except SyntaxError as problem:
            yield Cell(number, source, f"SyntaxError: {problem.msg}, in line {problem.lineno}")
            continue
        yield Cell(number, python)


def _texts(cells: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Written answers: what stands between the marks that Otter puts around such a question."""
    question = ""
    answer: list[str] = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "markdown":
            continue
        source = _source(cell)
        begins = re.search(r"<!--\s*BEGIN QUESTION\s*-->", source)
        ends = re.search(r"<!--\s*END QUESTION\s*-->", source)
        if begins:
            named = re.search(r"\*\*(?:Question|q)\s*([\w.-]+)", source)
            question, answer = named[1] if named else "written", []
        elif ends:
            if question:
                yield question, "\n\n".join(answer).strip()
            question = ""
        elif question:
            answer.append(source)
