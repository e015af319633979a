"""The autograder archive of an assignment, as ``otter assign`` makes it."""

import ast
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Archive", "ArchiveError", "Question"]

#: Beside the checks: what this project's archives say about their assignment.
ASSIGNMENT = "files/assignment.json"


class ArchiveError(ValueError):
    """A file that is no archive of an assignment."""


@dataclass(frozen=True)
class Question:
    """A question that a person reads.

    Attributes
    ----------
    name : str
        Its name.
    points : float
        Points that the reader can give.
    """

    name: str
    points: float


@dataclass(frozen=True)
class Archive:
    """An assignment, ready to grade.

    Attributes
    ----------
    name, title : str
        Short name and heading.
    notebook : str
        File name of the notebook.
    tests : mapping of str to str
        Source of the checks of each question, by the question's name, in order.
    files : mapping of str to bytes
        Files that the notebook may read.
    forbidden : tuple of str
        Modules that it may not import.
    written : tuple of Question
        Questions that a person reads.
    digest : str
        Changes when anything in the archive does.
    """

    name: str
    title: str
    notebook: str
    tests: Mapping[str, str]
    files: Mapping[str, bytes]
    forbidden: tuple[str, ...]
    written: tuple[Question, ...]
    digest: str

    @classmethod
    def read(cls, path: Path) -> "Archive":
        """Read an archive.

        Parameters
        ----------
        path : Path
            The zip file.

        Returns
        -------
        Archive

        Raises
        ------
        ArchiveError
            If it is no such archive.
        OSError
            If the file cannot be read.
        """
        return cls.from_bytes(path.read_bytes(), str(path))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "the archive") -> "Archive":
        """Read an archive from memory.

        Parameters
        ----------
        content : bytes
            The zip file's.
        name : str
            For messages.

        Returns
        -------
        Archive

        Raises
        ------
        ArchiveError
            If it is no such archive.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                parts = {info.filename: archive.read(info) for info in archive.infolist()}
        except zipfile.BadZipFile:
            raise ArchiveError(
                f"{name} is no zip file: give the NAME-autograder.zip that `make assignments` makes"
            ) from None
        tests = {
            part.removeprefix("tests/").removesuffix(".py"): text.decode("utf-8")
            for part, text in sorted(parts.items())
            if part.startswith("tests/") and part.endswith(".py")
        }
        if not tests:
            raise ArchiveError(
                f"{name} has no checks in a folder tests: give the autograder archive, "
                "not the students' files"
            )
        for question, text in tests.items():
            if not _exception_based(text):
                raise ArchiveError(
                    f"{name}: the checks of {question} are doctests; this grader runs the format "
                    "that Otter calls exception-based (tests: ok_format: false)"
                )
        about: dict[str, Any] = json.loads(parts.get(ASSIGNMENT, b"{}"))
        order = [question for question in about.get("questions", ()) if question in tests]
        tests = {question: tests[question] for question in dict.fromkeys([*order, *tests])}
        otter: dict[str, Any] = json.loads(parts.get("otter_config.json", b"{}"))
        short = about.get("name") or otter.get("assignment_name") or "assignment"
        return cls(
            name=short,
            title=about.get("title", short),
            notebook=about.get("notebook", f"{short}.ipynb"),
            tests=tests,
            files={
                part.removeprefix("files/"): data
                for part, data in parts.items()
                if part.startswith("files/")
                and part != ASSIGNMENT
                and not part.endswith((".whl", "/"))
            },
            forbidden=tuple(about.get("forbidden", ())),
            written=tuple(Question(**question) for question in about.get("written", ())),
            digest=_digest(parts),
        )


def _digest(parts: Mapping[str, bytes]) -> str:
    """Of names and contents: the same assignment made again, at another time, has the same."""
    digest = hashlib.sha256()
    for name, data in sorted(parts.items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _exception_based(source: str) -> bool:
    """Whether a file of checks says ``OK_FORMAT = False``."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node) == "OK_FORMAT = False":
            return True
    return False
