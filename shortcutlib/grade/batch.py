"""A folder of submissions, graded one by one in processes of their own, and resumable."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shortcutlib.grade.archive import Archive
from shortcutlib.grade.judge import SubmissionResult
from shortcutlib.grade.remote import Limits
from shortcutlib.results_file import ResultsFile

__all__ = ["Graded", "grade_folder", "submissions"]

#: Seconds that the checks themselves may take beside the submission.
MARGIN = 120.0
#: Characters of a grader's own error that are kept.
SHOWN = 2000


@dataclass(frozen=True)
class Graded:
    """A submission with its result.

    Attributes
    ----------
    name : str
        Name of the file or folder, without its ending.
    result : SubmissionResult or None
        None if the grader itself failed.
    failure : str
        How the grader failed, for the instructor; empty if it did not.
    """

    name: str
    result: SubmissionResult | None
    failure: str = ""


def submissions(folder: Path) -> dict[str, Path]:
    """What was handed in: every file and every folder inside a folder, by its name.

    Parameters
    ----------
    folder : Path
        The folder of submissions.

    Returns
    -------
    dict of str to Path
        In the order of the names.

    Raises
    ------
    ValueError
        If there is nothing in it, or two names differ only in their endings.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give the folder with the submissions")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__MACOSX")):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in found:
            raise ValueError(
                f"{found[name].name} and {path.name} would both be {name}: rename one of them"
            )
        found[name] = path
    if not found:
        raise ValueError(f"there is nothing in {folder}")
    return found


def grade_folder(
    folder: Path,
    archive_content: bytes,
    results: Path,
    limits: Limits,
    *,
    wrap: Sequence[str] = (),
    workers: int = 1,
) -> Iterator[Graded]:
    """Grade every submission of a folder.

    Parameters
    ----------
    folder : Path
        The submissions.
    archive_content : bytes
        The assignment's archive, read once: no submission can change it.
    results : Path
        File that every finished result goes to at once.  A submission that is in it unchanged is
        not run again.
    limits : Limits
        For each submission.
    wrap : sequence of str
        Command to put before a submission's process.
    workers : int, default 1
        Submissions to grade at a time.

    Yields
    ------
    Graded
        In the order of completion, what was graded before first.

    Raises
    ------
    ValueError
        If there are no submissions, the archive is none, or the results belong to another archive
        or other limits.
    """
    if workers < 1:
        raise ValueError(f"workers = {workers}: give at least 1")
    archive = Archive.from_bytes(archive_content)
    found = submissions(folder)
    configuration = {"archive": archive.digest, "limits": asdict(limits), "wrap": list(wrap)}
    digests = {name: _digest(path) for name, path in found.items()}
    with ResultsFile(results, configuration) as file:
        known = {(r["name"], r["digest"]): r["result"] for r in file.records}
        waiting = []
        for name in found:
            content = known.get((name, digests[name]))
            if content is None:
                waiting.append(name)
            else:
                yield Graded(name, SubmissionResult.from_json(content))
        task = {
            "archive": base64.b64encode(archive_content).decode("ascii"),
            "limits": asdict(limits),
            "wrap": list(wrap),
        }
        with ThreadPoolExecutor(workers) as pool:
            running = {
                pool.submit(_judged, {**task, "path": str(found[name].resolve())}, limits): name
                for name in waiting
            }
            try:
                for future in as_completed(running):
                    name, (content, failure) = running[future], future.result()
                    if content is None:
                        yield Graded(name, None, failure)
                        continue
                    file.append({"name": name, "digest": digests[name], "result": content})
                    yield Graded(name, SubmissionResult.from_json(content))
            finally:
                pool.shutdown(cancel_futures=True)


def _judged(task: dict[str, Any], limits: Limits) -> tuple[dict[str, Any] | None, str]:
    """Grade one submission in a process of its own: the result, or how the grader failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "shortcutlib.grade.judge"],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=limits.total + MARGIN,
            check=False,
        )
        content: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None, f"the checks did not end within {limits.total + MARGIN:g} seconds"
    except ValueError:
        return None, f"exit status {done.returncode}: {done.stderr.strip()[-SHOWN:]}"
    return content, ""


def _digest(path: Path) -> str:
    """Changes when anything that was handed in does."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as content:
            while block := content.read(2**20):
                digest.update(block)
    return digest.hexdigest()
