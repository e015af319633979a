import numpy as np
import pytest

from shortcutlib import StepSizes, StopReason, Teacher, descent, population
from shortcutlib.angles import unit
from shortcutlib.starts import sample_ball


def literal_step(w, a, teacher, eta_a, eta_w):
    """Equation (8) as printed, with gradients by central differences of the loss."""
    shortcut, h = teacher.shortcut, 1e-6

    def value(w, a):
        return population.loss(shortcut + w, a, teacher)

    def gradient(function, x):
        axes = np.eye(x.size) * h
        return np.array([(function(x + e) - function(x - e)) / (2 * h) for e in axes])

    moved = w - eta_w * gradient(lambda x: value(x, a), w)
    full = shortcut + moved
    return full / np.linalg.norm(full) - shortcut, a - eta_a * gradient(lambda x: value(w, x), a)


def test_a_step_is_equation_8(rng):
    teacher = Teacher.from_numbers(k=5, p=4, output_sum=1.5, norm_squared=3, angle=1.0, rng=rng)
    w, a = np.zeros(4), rng.standard_normal(5)
    for _ in range(5):
        v, next_a = descent.step(teacher.shortcut + w, a, teacher, 0.3, 0.7)
        w, a = literal_step(w, a, teacher, 0.3, 0.7)
        np.testing.assert_allclose(v - teacher.shortcut, w, atol=1e-8)
        np.testing.assert_allclose(next_a, a, atol=1e-8)


def test_cnn_step_lets_the_filter_grow(rng):
    teacher = Teacher.section_4(6)
    v, a = unit(rng.standard_normal(8)), rng.standard_normal(6)
    lengths = [1.0]
    for _ in range(5):
        v, a = descent.step(v, a, teacher, 0.1, 0.1, "cnn")
        lengths.append(float(np.linalg.norm(v)))
    assert np.all(np.diff(lengths) > 0)


def test_figure_5_with_and_without_warmup():
    # One start of the kind that only the warm-up saves: q_0 is low, but not extremely so.
    teacher = Teacher.section_4(16)
    direction = -teacher.output_weights + teacher.output_sum / 25
    a = 0.4 * teacher.start_radius * unit(direction)
    with_warmup = descent.descend(teacher, a, StepSizes.section_4(16, warmup=1000), record_every=50)
    without = descent.descend(
        teacher, a, StepSizes.section_4(16, warmup=0), iterations=200_000, record_every=50
    )
    assert with_warmup.stop is StopReason.GLOBAL_OPTIMUM
    last = with_warmup.path
    assert last.filter_distance[-1] + last.output_distance[-1] <= 1e-6
    assert last.loss[-1] < 1e-5
    assert without.stop is StopReason.SPURIOUS_POINT
    assert without.path.angle[-1] == pytest.approx(np.pi, abs=1e-2)
    assert without.path.filter_distance[-1] == pytest.approx(4, abs=1e-5)
    assert without.iterations == without.path.iteration[-1]


def test_the_path_records_what_the_vectors_say(rng):
    teacher = Teacher.section_4(4)
    a = sample_ball(1, 4, teacher.start_radius, rng)[0]
    run = descent.descend(
        teacher, a, StepSizes.constant(0.1, 0.1), iterations=25, tolerance=0, record_every=10
    )
    assert run.path.iteration.tolist() == [0, 10, 20, 25]
    assert run.stop is StopReason.ITERATIONS_SPENT
    w = run.v - teacher.shortcut
    path = run.path
    assert path.alignment[-1] == pytest.approx(run.a @ teacher.output_weights)
    assert path.filter_distance[-1] == pytest.approx(np.sum((w - teacher.residual) ** 2))
    assert path.output_distance[-1] == pytest.approx(np.sum((run.a - teacher.output_weights) ** 2))
    assert path.loss[-1] == pytest.approx(population.loss(run.v, run.a, teacher))
    assert path.output_distance[0] == pytest.approx(np.sum((a - teacher.output_weights) ** 2))
    assert len(path) == 4


def test_cnn_with_step_0_1_diverges_from_k_124(rng):
    def end(k):
        teacher = Teacher.section_4(k)
        a = sample_ball(1, k, teacher.start_radius, rng)[0]
        return descent.descend(
            teacher, a, StepSizes.constant(0.1, 0.1), network="cnn", iterations=20_000
        ).stop

    assert end(123) in (StopReason.GLOBAL_OPTIMUM, StopReason.SPURIOUS_POINT)
    assert end(124) is StopReason.DIVERGED


def test_starting_at_an_optimum_stops_at_once():
    teacher = Teacher.section_4(4)
    steps = StepSizes.constant(0.1, 0.1)
    for point, reason in (
        (population.global_optimum(teacher), StopReason.GLOBAL_OPTIMUM),
        (population.spurious_point(teacher), StopReason.SPURIOUS_POINT),
    ):
        run = descent.descend(teacher, point.a, steps, v=point.v)
        assert (run.stop, run.iterations) == (reason, 0)


def test_an_interrupt_keeps_what_was_done(monkeypatch):
    teacher = Teacher.section_4(4)
    calls = 0
    real = population.evaluate

    def interrupted(*arguments):
        nonlocal calls
        calls += 1
        if calls > 8:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(population, "evaluate", interrupted)
    run = descent.descend(teacher, np.zeros(4), StepSizes.constant(0.1, 0.1))
    assert run.stop is StopReason.INTERRUPTED
    assert run.path.iteration[-1] <= run.iterations <= 7
    assert len(run.path) > 5


def test_progress_is_shown_on_request(capsys):
    teacher = Teacher.section_4(4)
    steps = StepSizes.constant(0.1, 0.1)
    descent.descend(teacher, np.zeros(4), steps, iterations=10, progress=True)
    assert "gradient descent" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": "resnet"}, "'resnet'"),
        ({"iterations": -1}, "-1"),
        ({"tolerance": np.nan}, "nan"),
        ({"record_every": 0}, "record_every = 0"),
        ({"v": np.ones(8)}, r"\|v\| = 1"),
        ({"a": np.ones(3)}, "k = 4"),
        ({"a": np.array([np.nan, 0, 0, 0])}, "not finite"),
    ],
)
def test_bad_arguments_are_refused(changes, message):
    arguments = {"a": np.zeros(4), "steps": StepSizes.constant(0.1, 0.1)} | changes
    with pytest.raises(ValueError, match=message):
        descent.descend(Teacher.section_4(4), **arguments)
