"""Runs the checks of an assignment against one submission.

Also a program, ``python -m shortcutlib.grade.judge``: the batch starts one for each submission, so
that nothing a submission does can reach the others.  The checks run here; the submission's code
runs in a process of its own (`shortcutlib.grade.remote`), which never sees them.
"""

import base64
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from shortcutlib.grade.archive import Archive
from shortcutlib.grade.remote import AnswerError, Limits, Names, Pupil
from shortcutlib.grade.submission import SubmissionError, read_submission

__all__ = ["CaseResult", "QuestionResult", "SubmissionResult", "judge"]

#: Megabytes of address space that the checks themselves may use.
OWN_MEMORY = 4096


@dataclass(frozen=True)
class CaseResult:
    """One check.

    Attributes
    ----------
    name : str
        Of the check.
    points, maximum : float
        Earned, and to be had.
    hidden : bool
        Whether students have this check themselves.
    message : str
        For the student; empty if there is nothing to say.
    """

    name: str
    points: float
    maximum: float
    hidden: bool
    message: str


@dataclass(frozen=True)
class QuestionResult:
    """All checks of a question.

    Attributes
    ----------
    name : str
        Of the question.
    points, maximum : float
        Earned, and to be had.
    cases : list of CaseResult
        In the order of the assignment.
    """

    name: str
    points: float
    maximum: float
    cases: list[CaseResult]


@dataclass(frozen=True)
class SubmissionResult:
    """What became of a submission.

    Attributes
    ----------
    points, maximum : float
        Earned, and to be had, without the questions that a person reads.
    problem : str
        Why nothing could be graded, or empty.
    notes : list of str
        What went wrong with single cells.
    questions : list of QuestionResult
        In the order of the archive.
    texts : dict of str to str
        Written answers, by question.
    """

    points: float
    maximum: float
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    questions: list[QuestionResult] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "SubmissionResult":
        """The result that `dataclasses.asdict` made a dictionary of."""
        questions = [
            QuestionResult(**{**q, "cases": [CaseResult(**case) for case in q["cases"]]})
            for q in content["questions"]
        ]
        return cls(**{**content, "questions": questions})


def judge(
    path: Path, archive: Archive, limits: Limits, wrap: Sequence[str] = ()
) -> SubmissionResult:
    """Grade one submission.

    Parameters
    ----------
    path : Path
        What was handed in: a notebook, or a folder or zip file with one.
    archive : Archive
        The assignment.
    limits : Limits
        What the submission may use.
    wrap : sequence of str
        Command to put before the submission's process; ``{folder}`` becomes its folder.

    Returns
    -------
    SubmissionResult
    """
    from otter.test_files import ExceptionTestFile

    files = {
        name: ExceptionTestFile.from_string(source, path=f"{name}.py")
        for name, source in archive.tests.items()
    }
    maximum = sum(file.possible for file in files.values())
    try:
        submission = read_submission(path, archive.notebook)
    except SubmissionError as problem:
        nothing = [
            _result(name, file, [(False, str(problem))] * len(file.test_cases))
            for name, file in files.items()
        ]
        return SubmissionResult(0.0, maximum, problem=str(problem), questions=nothing)
    questions = []
    with Pupil(submission.cells, archive.files, archive.forbidden, limits, wrap) as pupil:
        names = Names(pupil)
        for name, file in files.items():
            outcomes = [_tried(case, names) for case in file.test_cases]
            questions.append(_result(name, file, outcomes))
    return SubmissionResult(
        points=sum(question.points for question in questions),
        maximum=maximum,
        notes=pupil.notes,
        questions=questions,
        texts=submission.texts,
    )


def _tried(case: Any, names: Names) -> tuple[bool, str]:
    """Whether a check passes, and what its failure says."""
    try:
        case.body.call_func(names)
    except AnswerError as problem:
        # The submission's own doing: to be told whether or not the check is hidden.
        return False, str(problem)
    except Exception as problem:
        if case.hidden:
            return False, ""
        return False, f"{type(problem).__name__}: {problem}".rstrip(": ")
    return True, ""


def _result(name: str, file: Any, outcomes: Sequence[tuple[bool, str]]) -> QuestionResult:
    cases = []
    for case, (passed, said) in zip(file.test_cases, outcomes, strict=True):
        about = case.success_message if passed else case.failure_message
        words = [text for text in (about, said) if text]
        if not passed and not words:
            words = ["A check that you do not see failed."]
        points = float(case.points)
        cases.append(
            CaseResult(case.name, points * passed, points, bool(case.hidden), " ".join(words))
        )
    maximum = sum(case.maximum for case in cases)
    earned = sum(case.points for case in cases)
    if file.all_or_nothing and earned < maximum:
        earned = 0.0
    return QuestionResult(name, earned, maximum, cases)


def main() -> None:
    """Grade what the standard input describes; write the result to the standard output."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (OWN_MEMORY * 2**20, OWN_MEMORY * 2**20))
    task = json.load(sys.stdin)
    # Checks may print; the result has the real output to itself.
    output, sys.stdout = sys.stdout, sys.stderr
    result = judge(
        Path(task["path"]),
        Archive.from_bytes(base64.b64decode(task["archive"])),
        Limits(**task["limits"]),
        task["wrap"],
    )
    json.dump(asdict(result), output)


if __name__ == "__main__":
    main()
