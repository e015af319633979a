"""The paper's Table 1, run again in the page: the same random starts as in Python."""

from typing import Any

import numpy as np
import traitlets

from shortcutlib import philox
from shortcutlib.explorers.base import Explorer, flag, whole
from shortcutlib.outcomes import classify
from shortcutlib.paths import Network
from shortcutlib.success import PRINTED, PRINTED_K, SETTINGS, Setting, section_4_steps
from shortcutlib.teacher import Teacher

__all__ = ["EXACT", "TableExplorer"]

#: Exact success probabilities (`shortcutlib.exact`), in the order of `PRINTED_K`.
EXACT: dict[Setting, tuple[float, ...]] = {
    "resnet": (0.714788, 0.742947, 0.768420, 0.791563, 0.812657, 0.831918, 0.849514),
    "resnet-warmup": (1.000000, 0.999984, 0.995101, 0.979967, 0.964295, 0.952719, 0.945575),
    "cnn": (0.562635, 0.559007, 0.555160, 0.551452, 0.548015, 0.544879, 0.542015),
}
_LABELS = ("shortcut, no warm-up", "shortcut, warm-up", "no shortcut (CNN)")


class TableExplorer(Explorer):
    """Cells of Table 1 with a chosen number of trials and seed, run in a Web Worker.

    Parameters
    ----------
    trials, seed, resnet, resnet_warmup, cnn, k16, ..., k100
        Initial values; ranges and meanings are in `controls()`.
    name, fallback
        As for `Explorer`.

    Notes
    -----
    The starts come from `shortcutlib.philox`, so that `count` gives the page's numbers exactly.
    """

    kind = "table"
    title = "Table 1, run again"

    trials = whole(5000, 100, 20_000, key="n", label="trials per cell", step=100)
    seed = whole(0, 0, 999_999, key="s", label="seed")
    resnet = flag(True, key="r", label=_LABELS[0])
    resnet_warmup = flag(True, key="u", label=_LABELS[1])
    cnn = flag(True, key="c", label=_LABELS[2])
    k16 = flag(True, key="a", label="k = 16")
    k25 = flag(True, key="b", label="k = 25")
    k36 = flag(True, key="d", label="k = 36")
    k49 = flag(True, key="e", label="k = 49")
    k64 = flag(True, key="f", label="k = 64")
    k81 = flag(True, key="g", label="k = 81")
    k100 = flag(True, key="h", label="k = 100")

    #: Successes by cell, as "setting k", once the page has run them.
    results = traitlets.Dict().tag(sync=True)

    def count(self, setting: Setting, k: int) -> int:
        """Number of successes in one cell, for the trials and the seed that are set.

        Parameters
        ----------
        setting : {"resnet", "resnet-warmup", "cnn"}
            Row of the table.
        k : int
            Number of patches.

        Returns
        -------
        int
        """
        teacher = Teacher.section_4(k)
        starts = philox.starts(teacher, setting, self.seed, self.trials)
        network: Network = "cnn" if setting == "cnn" else "residual"
        fates = classify(teacher, starts, section_4_steps(setting, k), network)
        return int(np.sum(fates.success))

    def picture(self) -> str:
        """The printed rates beside the exact ones."""
        head = "".join(f'<th scope="col">{k}</th>' for k in PRINTED_K)
        rows = []
        short = ("no warm-up", "warm-up", "CNN")
        for setting, label in zip(SETTINGS, short, strict=True):
            for name, rates in (
                ("printed", [PRINTED[setting][k] for k in PRINTED_K]),
                ("exact", EXACT[setting]),
            ):
                cells = "".join(f"<td>{rate:.4f}</td>" for rate in rates)
                rows.append(f'<tr><th scope="row">{label}: {name}</th>{cells}</tr>')
        return (
            '<div class="se-table" tabindex="0" role="region" aria-label="Success rates">'
            "<table>"
            f'<thead><tr><th scope="col">k</th>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )

    def extra(self) -> dict[str, Any]:
        """The cells: teacher and step sizes, and the printed and the exact rate."""
        cells = []
        for setting, label in zip(SETTINGS, _LABELS, strict=True):
            for k, exact in zip(PRINTED_K, EXACT[setting], strict=True):
                teacher = Teacher.section_4(k)
                phases = section_4_steps(setting, k).phases
                cells.append(
                    {
                        "setting": setting,
                        "label": label,
                        "k": k,
                        "S": teacher.output_sum,
                        "N": teacher.norm_squared,
                        "angle": teacher.angle,
                        "p": teacher.p,
                        "phases": [
                            {"output": a.output, "filter": a.filter, "iterations": a.iterations}
                            for a in phases
                        ],
                        "printed": PRINTED[setting][k],
                        "exact": exact,
                    }
                )
        return {"cells": cells}
