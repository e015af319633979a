"""Draw the picture of the landing page and of the README: ``python tools/cover.py``."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from shortcutlib import StepSizes, Teacher
from shortcutlib.figures.basins import basin_figure

TARGET = Path(__file__).resolve().parent.parent / "book" / "_assets" / "basins.png"


def cover() -> Figure:
    """Return the disc of starts at k = 25, without and with warm-up."""
    return basin_figure(
        Teacher.section_4(25),
        {
            "no warm-up": StepSizes.section_4(25, warmup=0),
            "1,000 steps of warm-up": StepSizes.section_4(25, warmup=1000),
        },
        rng=np.random.default_rng(1),
    )


if __name__ == "__main__":
    mpl.use("Agg")
    # Without the program's version in it the file changes only when the picture does.
    cover().savefig(TARGET, metadata={"Software": None})
    print(f"written: {TARGET.name}")
