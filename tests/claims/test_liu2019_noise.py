"""What the paper and the response to its reviews say about stochastic gradient descent."""

import numpy as np

from shortcutlib import StepSizes, Teacher, minibatch, networks, noise_stability, population
from shortcutlib.angles import unit
from shortcutlib.outcomes import classify
from shortcutlib.starts import sample_ball
from shortcutlib.whereabouts import Place, whereabouts
from tests.claims.ledger import Failed, Held, claim
from tests.claims.stages import constant_steps_without_noise, held


def _places(teacher, start, step, batch, time, rng):
    run = minibatch.descend(
        teacher, start, StepSizes.constant(step, step), batch=batch,
        iterations=round(time / step), rng=rng,
    )  # fmt: skip
    return whereabouts(teacher, minibatch.reduced_state(teacher, run.state))


def _near_optimum(teacher, runs, angle=0.05):
    return minibatch.state(teacher, np.tile(teacher.output_weights, (runs, 1)), angle)


@claim("liu2019-text-large-batches")
def test_large_batches_mimic_descent():
    """Errors of gradients, and shares of runs that end elsewhere, fall like one over root B."""
    rng = np.random.default_rng(3)
    teacher = Teacher.section_4(16)
    v, a = unit(rng.standard_normal(8)), rng.standard_normal(16)
    expected = population.evaluate(v, a, teacher).output_gradient
    errors = []
    for batch in (16, 256, 4096):
        draws = []
        for _ in range(40):
            Z = networks.sample_inputs(batch, 8, 16, rng)
            found = networks.minibatch_loss(
                v, a, Z, networks.teacher_network(teacher, Z), residual=False
            )
            draws.append(found.output_gradient - expected)
        errors.append(np.sqrt(np.mean(np.square(draws))))
    gradient = np.max(np.abs(np.diff(np.log(errors)) / np.log(16) + 0.5))
    small, runs = Teacher.section_4(4), 1500
    shares = []
    for batch in (4, 64):
        start = minibatch.state(small, sample_ball(runs, 4, small.start_radius, rng))
        steps = StepSizes.constant(1 / 32, 1 / 32)
        plain = classify(small, minibatch.reduced_state(small, start), steps).success
        found = _places(small, start, 1 / 32, batch, 12, rng) == Place.OPTIMUM
        shares.append(np.mean(plain != found))
    ends = abs(np.log(shares[1] / shares[0]) / np.log(16) + 0.5)
    return Held(min(0.1 - float(gradient), 0.15 - float(ends)), 2 * runs)


@claim("liu2019-text-small-batches")
def test_small_batches_differ():
    """One step size, 1,000 runs each from beside the optimum: all stay at B = 64, none at B = 1."""
    teacher, rng = Teacher.section_4(4), np.random.default_rng(4)
    start, step = _near_optimum(teacher, 1000), 1.5 / teacher.norm_squared
    shares = {
        batch: np.mean(_places(teacher, start, step, batch, 12, rng) == Place.OPTIMUM)
        for batch in (1, 64)
    }
    return Held(float(shares[64] - 0.999 - shares[1]), 2000)


@claim("liu2019-text-no-final-shrinking")
def test_no_step_has_to_shrink():
    """Constant steps: plain descent gets ever closer; batches above the threshold within 1e-3."""
    teacher, rng = Teacher.section_4(4), np.random.default_rng(5)
    step = 0.8 * noise_stability.largest_stable_step(teacher, 4, step_ratio=1.0)
    worst = 0.0
    for batch in (4, 32):
        run = minibatch.descend(
            teacher, _near_optimum(teacher, 600), StepSizes.constant(step, step), batch=batch,
            iterations=round(24 / step), rng=rng,
        )  # fmt: skip
        away = np.linalg.norm(run.state.outputs - teacher.output_weights, axis=1)
        worst = max(worst, float(np.max(run.state.angle)), float(np.max(away)))
    # With noisy labels the same runs do not come to rest: the angle keeps its stationary size.
    noisy = minibatch.descend(
        teacher, _near_optimum(teacher, 600), StepSizes.constant(step, step), batch=4,
        iterations=round(24 / step), rng=rng, label_noise=0.3,
    )  # fmt: skip
    kept = np.sqrt(np.mean(noisy.state.angle**2))
    return held(constant_steps_without_noise(), Held(min(1e-3 - worst, float(kept) - 0.01), 1800))


@claim("response-sgd")
def test_large_batches_are_stable():
    """For random teachers and all stable steps of plain descent there is a batch that is enough.

    Tried also by running: 1,000 runs with that batch stay at the optimum.
    """
    rng = np.random.default_rng(6)
    slack, tried = np.inf, 0
    for _ in range(250):
        k, p = int(rng.integers(1, 10)), int(rng.integers(2, 20))
        norm = 10 ** rng.uniform(-1, 1)
        total = np.sqrt(norm) if k == 1 else np.sqrt(rng.uniform(0, 1) * k * norm)
        teacher = Teacher.from_numbers(
            k=k, p=p, output_sum=total, norm_squared=norm, angle=1.0, rng=rng
        )
        for share in (0.1, 0.5, 0.9, 0.98):
            output = share * 4 * np.pi / (k + np.pi - 1)
            filter_ = share * 4 / norm
            batch = noise_stability.smallest_stable_batch(teacher, output, filter_, largest=10**6)
            slack = min(slack, -1.0 if batch is None else 1 - filter_ * norm / 4)
            tried += 1

    def bound(eta_w: float, N: float, p: float, kappa: float, chi: float) -> float:
        """B at which the factor of E|u|^2 is 1, solved for 1/B, in which it is linear."""
        turn = eta_w * N
        # 1 - turn + turn^2/4 + (turn^2/4) (p + (p + 1) kappa + chi)/B = 1
        return (turn**2 / 4) * (p + (p + 1) * kappa + chi) / (turn - turn**2 / 4)

    teacher = Teacher.section_4(9)
    step = 2.0 / teacher.norm_squared
    batch = noise_stability.smallest_stable_batch(teacher, step, step)
    kappa = float(np.sum(teacher.output_weights**4)) / teacher.norm_squared**2
    for size, stable in ((batch, True), (batch - 1, False)):
        # The coupling chi depends on the batch itself.
        chi = noise_stability.coupling(teacher, step, size)
        assert stable == (size > bound(step, teacher.norm_squared, teacher.p, kappa, chi))
    found = _places(teacher, _near_optimum(teacher, 1000), step, batch + 2, 12, rng)
    return Held(
        min(slack, float(np.mean(found == Place.OPTIMUM)) - 0.99),
        tried + 1000,
        values={"batch": bound},
    )


@claim("response-sgd-supermartingale")
def test_convergence_near_the_optimum():
    """A good start from which runs are trapped, batches too small, and 1,000 runs that converge."""
    teacher, rng = Teacher.section_4(9), np.random.default_rng(7)
    runs, step = 400, 1 / 81
    # A random start that plain descent leads to the optimum, with little to spare.
    a = sample_ball(400, 9, teacher.start_radius, rng)
    steps = StepSizes.constant(step, step)
    good = classify(
        teacher, minibatch.reduced_state(teacher, minibatch.state(teacher, a)), steps
    ).success
    inside = a[good]
    chosen = inside[np.argmin(inside @ teacher.output_weights)]
    start = minibatch.state(teacher, np.tile(chosen, (runs, 1)))
    trapped = np.mean(_places(teacher, start, step, 16, 12, rng) == Place.TRAP)
    single = 3 * noise_stability.largest_stable_step(teacher, 1, step_ratio=1.0)
    lost = np.mean(_places(teacher, _near_optimum(teacher, 200), single, 1, 12, rng) == 1)
    violation = -float(trapped) if lost == 0 else 1.0
    held = _places(teacher, _near_optimum(teacher, 1000, 0.02), step, 4, 12, rng)
    repaired = Held(float(np.mean(held == Place.OPTIMUM)) - 0.99, 1000)
    return Failed(violation, chosen, repaired)
