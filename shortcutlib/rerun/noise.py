"""The panel of the chapter on noise: stochastic runs, and where they are at several times."""

import numpy as np

from shortcutlib import minibatch, noise_stability
from shortcutlib.rerun.panel import RerunPanel, choice, number, whole
from shortcutlib.rerun.result import Experiment, Result
from shortcutlib.starts import sample_ball
from shortcutlib.step_sizes import StepSizes
from shortcutlib.teacher import Teacher
from shortcutlib.whereabouts import Place, in_basin, whereabouts

__all__ = ["noise", "noise_panel"]

#: Patches drawn between two yields: a few tenths of a second.
_WORK = 10_000_000
#: Times at which runs are counted, after the start.
_RECORDS = 4
#: The quiet phase: eta t, inputs a step, and step size times k^2.
_QUIET = (12, 8, 1.0)


def noise(
    k: int = 16,
    batch: int = 1,
    step: float = 6.0,
    time: int = 24,
    quiet: bool = False,
    runs: int = 200,
    seed: int = 0,
) -> Experiment:
    """Stochastic descent from random starts, without warm-up.

    Parameters
    ----------
    k : int, default 16
        Number of patches, of the teacher of section 4.
    batch : int, default 1
        Inputs a step.
    step : float, default 6
        Step size of both layers, times k^2.
    time : int, default 24
        Step size times the number of steps.
    quiet : bool, default False
        Whether the time 12 with batches of 8 and the step 1/k^2 is added.
    runs : int, default 200
        Random starts in the paper's ball.
    seed : int, default 0
        Seed of starts and inputs.

    Yields
    ------
    float
        Share of the work that is done.

    Returns
    -------
    Result
    """
    teacher = Teacher.section_4(k)
    rng = np.random.default_rng(seed)
    current = minibatch.state(teacher, sample_ball(runs, k, teacher.start_radius, rng))

    def outside() -> float:
        """Share of runs that plain descent would lead to the optimum from where they are."""
        return float(np.mean(in_basin(teacher, minibatch.reduced_state(teacher, current))))

    plain = outside()
    phases = [(time / _RECORDS, batch, step)] * _RECORDS
    if quiet:
        phases.append(_QUIET)
    lengths = [max(1, round(t * k**2 / multiple)) for t, _, multiple in phases]
    whole_work = sum(n * b for n, (_, b, _) in zip(lengths, phases, strict=True))
    rows, done, now = [], 0, 0.0
    for length, (_, size, multiple) in zip(lengths, phases, strict=True):
        eta = multiple / k**2
        stretch = max(1, _WORK // (runs * size * k))
        left = length
        while left:
            yield done / whole_work
            count = min(stretch, left)
            current = minibatch.descend(
                teacher,
                current,
                StepSizes.constant(eta, eta),
                batch=size,
                iterations=count,
                rng=rng,
            ).state
            left -= count
            done += count * size
        now += length * eta
        places = whereabouts(teacher, minibatch.reduced_state(teacher, current))
        shares = (np.mean(places == p) for p in (Place.OPTIMUM, Place.TRAP, Place.NEITHER))
        rows.append((f"{now:.1f}", *(f"{share:.3f}" for share in shares), f"{outside():.3f}"))
    limit = noise_stability.largest_stable_step(teacher, batch, step_ratio=1.0) * k**2
    verdict = "above" if step > limit else "below"
    return Result(
        ("η t", "near the optimum", "near the trap", "neither", "outside the trap's basin"),
        tuple(rows),
        f"Plain descent leads {plain:.3f} of these starts to the optimum. The step is {verdict} "
        f"the threshold of this batch, {limit:.2f}/k².",
    )


def noise_panel() -> RerunPanel:
    """Stochastic runs from random starts: where they are at several times.

    Returns
    -------
    RerunPanel
    """
    return RerunPanel(
        "Stochastic runs",
        noise,
        {
            "k": choice(16, {str(k): k for k in (4, 9, 16, 25, 36)}, "k"),
            "batch": choice(1, {str(b): b for b in (1, 2, 4, 8, 16, 32, 64)}, "batch size"),
            "step": number(6.0, 0.25, 16.0, "step size × k²", step=0.25),
            "time": whole(24, 4, 96, "time η t", step=4),
            "quiet": choice(False, {"no": False, "yes": True}, "then quiet"),
            "runs": choice(200, {str(n): n for n in (50, 200, 1000)}, "runs"),
            "seed": whole(0, 0, 9999, "seed"),
        },
    )
