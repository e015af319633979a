"""The sweep whose counts come with the library: stochastic descent against batch and step, k = 25.

    python benchmarks/minibatch_sweep.py FILE [--workers W]

It takes about a quarter of an hour on one core.  It may be killed at any time: the same command
goes on where it stopped.  Runs of one setting come in blocks, and every finished block is safe in
FILE.
"""

import argparse

from shortcutlib import executors
from shortcutlib.minibatch_sweep import Block, run_blocks

K = 25
#: Steps of a run with eta = 1/k^2; runs with larger steps are shorter in proportion.
STEPS = 5000
MULTIPLES = (1.0, 4.0, 8.0, 16.0)
#: Runs of each batch size, and how many of them make a block.
RUNS = {1: 2000, 4: 2000, 16: 1000, 64: 500, 256: 100, 1024: 30, 4096: 10}
SIZES = {1: 500, 4: 500, 16: 250, 64: 100, 256: 50, 1024: 10, 4096: 5}


def blocks():
    """All blocks, the cheap ones first."""
    for batch, runs in RUNS.items():
        for multiple in MULTIPLES:
            size = SIZES[batch]
            for number in range(runs // size):
                yield Block(K, batch, multiple, round(STEPS / multiple), size, number)
        if batch == 64:
            for number in range(4):
                yield Block(K, 32, 1.0, STEPS, 500, number)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    workers = executors.processes(options.workers)
    counts = run_blocks(
        options.file,
        blocks(),
        workers=workers,
        progress=lambda done, total: print(f"{done} of {total} blocks", flush=True),
    )
    for c in counts:
        low, high = c.interval
        print(
            f"B = {c.batch:>4}, eta = {c.multiple:g}/k^2: {c.success} of {c.runs} succeed "
            f"[{low:.3f}, {high:.3f}]; saved {c.saved}, lost {c.lost}"
        )


if __name__ == "__main__":
    main()
