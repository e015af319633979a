"""The panel of the ResLink chapter: SGD from a start at which the gradient points away."""

import numpy as np

from shortcutlib.rerun.panel import RerunPanel, choice, number, whole
from shortcutlib.rerun.result import Experiment, Result
from shortcutlib.reslink.descent import FreshBatches
from shortcutlib.reslink.starts import wrong_way_start

__all__ = ["two_phases", "two_phases_panel"]


def two_phases(
    d: int = 100,
    size: float = 0.4,
    trace: float = -0.75,
    batch: int = 300,
    rate: float = 0.15,
    iterations: int = 400,
    seed: int = 0,
) -> Experiment:
    """SGD on ResLink towards W* = 0, with what Figure 8 of Li and Yuan (2017) shows.

    Parameters
    ----------
    d : int, default 100
        Dimension.
    size, trace : float
        Frobenius norm of the start over sqrt(d), and its trace over the squared norm.
    batch : int, default 300
        Inputs a step.
    rate : float, default 0.15
        Step size times d.
    iterations : int, default 400
        Number of steps.
    seed : int, default 0
        Of the start and the inputs.

    Yields
    ------
    float
        Share of the steps done.

    Returns
    -------
    Result
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    start = wrong_way_start(d, size * float(np.sqrt(d)), rng, trace=trace)
    training = FreshBatches(start, np.zeros((d, d)), rng, batch=batch, rate=rate / d)
    shown = sorted({0, *(iterations * n // 8 for n in (1, 2, 4, 8))})
    rows = []
    turned: int | None = None
    for step in range(iterations + 1):
        training.advance(step)
        if turned is None or step in shown:
            here = training.measure()
            if turned is None and here["inner_product"] > 0:
                turned = step
        if step in shown:
            rows.append(
                (
                    f"{step:,}",
                    f"{here['inner_product']:+.3f}",
                    f"{here['potential']:+.3f}",
                    f"{here['distance']:.3f}",
                    f"{here['loss']:.3g}",
                )
            )
        if step % 8 == 0:
            yield step / iterations
    when = "stayed negative" if turned is None else f"was positive first at step {turned:,}"
    return Result(
        ("step", "inner product", "potential g", "distance", "loss"),
        tuple(rows),
        f"The inner product {when}.",
    )


def two_phases_panel() -> RerunPanel:
    """SGD from a start at which the gradient points away.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Two phases of SGD on ResLink",
        two_phases,
        {
            "d": whole(100, 8, 300, "d"),
            "size": number(0.4, 0.05, 0.6, "start: ‖W₀‖ / √d"),
            "trace": number(-0.75, -1.5, 0.5, "start: trace / ‖W₀‖²", step=0.05),
            "batch": choice(300, {str(n): n for n in (1, 30, 300, 3000)}, "batch"),
            "rate": number(0.15, 0.01, 2.0, "step size × d"),
            "iterations": whole(400, 8, 5000, "steps", step=8),
            "seed": whole(0, 0, 9999, "seed"),
        },
    )
