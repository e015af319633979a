"""A file that grows by whole records and survives being killed at any moment.

Every line is a JSON object whose last entry is a checksum of the bytes before it.  The first line,
the header, says what the records belong to; each of the others is one record, on the disk before
`ResultsFile.append` returns.  A kill can therefore leave nothing worse than one unfinished line at
the end, which the next opening removes.  Anything else that is not as it was written is refused.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where nothing warns of a second run on the same file.
    fcntl = None  # type: ignore[assignment]

__all__ = ["FORMAT_VERSION", "ResultsFile", "ResultsFileError"]

FORMAT_VERSION = 1

_HEADER = b'{"format":"shortcutlib results",'
_RECORD = b'{"record":'
_CHECKSUM = b',"checksum":"'


class ResultsFileError(Exception):
    """A file that cannot be continued; it has been left as it was."""


class ResultsFile:
    """An open results file, locked against other runs.

    Parameters
    ----------
    path : path-like
        The file; it is created if it does not exist.
    configuration : mapping, optional
        What the records belong to, in JSON's types.  Without it the file must exist, and its own
        configuration is taken.
    origin : mapping, optional
        Recorded in a new file beside the configuration, and not compared: versions, for example.

    Attributes
    ----------
    configuration, origin : dict
        As recorded in the file.
    records : list of dict
        The whole records found when the file was opened, in the order of the file.

    Raises
    ------
    ResultsFileError
        If the file is damaged, is not a results file, belongs to another configuration or is in
        use; not a byte of it has been changed.
    OSError
        If the file cannot be read, created or written.
    """

    configuration: dict[str, Any]
    origin: dict[str, Any]
    records: list[dict[str, Any]]

    def __init__(
        self,
        path: str | os.PathLike[str],
        configuration: Mapping[str, Any] | None = None,
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        # Through JSON and back, so that tuples compare equal to the lists of a file.
        wanted = None if configuration is None else json.loads(json.dumps(configuration))
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | (0 if wanted is None else os.O_CREAT)
        self._file: BinaryIO = os.fdopen(os.open(self.path, flags, 0o666), "r+b")
        try:
            self._lock()
            whole = self._read(wanted)
            self._file.seek(whole)
            if self._file.read(1):
                self._file.truncate(whole)
                self._file.seek(whole)
            if whole == 0:
                assert wanted is not None
                self.configuration, self.origin = wanted, dict(origin or {})
                body = {"version": FORMAT_VERSION, "configuration": wanted, "origin": self.origin}
                self._write(_HEADER + _encode(body)[1:])
                _sync_folder(self.path.absolute().parent)
        except BaseException:
            self._file.close()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record; it is safe on the disk when this returns.

        Parameters
        ----------
        record : mapping
            In JSON's types.

        Raises
        ------
        OSError
            If the disk is full or fails; what was recorded before remains.
        """
        self._write(_RECORD + _encode(record) + b"}")

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._file.close()

    def __enter__(self) -> "ResultsFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ResultsFileError(f"{self.path} is in use: another run is writing to it") from None
        except OSError:
            # Some network file systems have no locks; the file is no worse for it.
            return

    def _write(self, body: bytes) -> None:
        """Write one line; `body` is a JSON object."""
        start = body[:-1]
        self._file.write(start + _CHECKSUM + _checksum(start) + b'"}\n')
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self, wanted: dict[str, Any] | None) -> int:
        """Check the whole file, take its header and records, return where its last line ends."""
        whole = 0
        self.records = []
        for number, line in enumerate(self._file, start=1):
            first = _HEADER if number == 1 else _RECORD
            # Of an unfinished line, as much as there is must look like ours.
            if line[: len(first)] != first[: len(line)] or (
                len(line) < len(first) and line.endswith(b"\n")
            ):
                raise ResultsFileError(
                    f"{self.path} is not a file of sweep results; give another name"
                    if number == 1
                    else f"{self.path} is damaged: line {number} is not a record"
                )
            if _unfinished(line):
                break
            content = _decode(line)
            if content is None:
                raise ResultsFileError(
                    f"{self.path} is damaged: line {number} does not match its checksum"
                )
            if number == 1:
                self._take_header(content, wanted)
            else:
                self.records.append(content["record"])
            whole += len(line)
        if whole == 0 and wanted is None:
            raise ResultsFileError(f"{self.path} is empty: its configuration must be given")
        return whole

    def _take_header(self, header: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        if header["version"] != FORMAT_VERSION:
            raise ResultsFileError(
                f"{self.path} is in format {header['version']}; this version of the library "
                f"continues format {FORMAT_VERSION}"
            )
        self.configuration, self.origin = header["configuration"], header["origin"]
        if wanted is not None and wanted != self.configuration:
            names = sorted(wanted.keys() | self.configuration.keys())
            differ = [n for n in names if wanted.get(n) != self.configuration.get(n)]
            raise ResultsFileError(
                f"{self.path} belongs to another configuration: "
                + "; ".join(
                    f"{n} is {_brief(self.configuration.get(n))} there and "
                    f"{_brief(wanted.get(n))} here"
                    for n in differ
                )
                + "; give another file name, or name this file alone to go on with its own grid"
            )


def _encode(content: Mapping[str, Any]) -> bytes:
    """One line of JSON; floats in as many digits as bring them back exactly."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def _decode(line: bytes) -> dict[str, Any] | None:
    """The content of a whole line, or None where it is not what was written."""
    start, mark, end = line.rpartition(_CHECKSUM)
    if not mark or end != _checksum(start) + b'"}\n':
        return None
    content: dict[str, Any] = json.loads(start + b"}")
    return content


def _unfinished(line: bytes) -> bool:
    """Whether a line may be the beginning of one: no end of line, and nothing after the last brace.

    A whole record that something else follows was not left by a kill.
    """
    _, mark, end = line.rpartition(_CHECKSUM)
    return not line.endswith(b"\n") and (not mark or len(end) <= len(_checksum(b"") + b'"}'))


def _checksum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).hexdigest().encode("ascii")


def _brief(value: Any) -> str:
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as durable as its content, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
