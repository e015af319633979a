"""Grade a folder of notebooks: ``python -m shortcutlib.grade SUBMISSIONS ARCHIVE --out FOLDER``.

Three kinds of processes keep apart what must not mix.  The batch (`batch`) reads the archive once
and starts, for every submission, a judge (`judge`); the judge runs the checks; and the submission's
code runs in a third process (`pupil`) with limits on time and memory, from which only plain values
come back (`values`, `remote`).  A submission therefore cannot change a check, a function that a
check uses, its score or another submission's.

What is not sandboxed: the code runs under the account of whoever grades, and can read and write
that account's files and use the network.  Grade strangers' work in a container or a virtual
machine, or put a command such as bubblewrap before the process with ``--wrap``.
"""
