"""The experiments of sections 5.2 and 5.3, at the paper's sizes in their defaults, small here."""

import numpy as np
import pytest

from shortcutlib.reslink.experiments import Convergence, Dynamics, versions

SMALL = {"d": 12, "training": 1000, "test": 300, "batch": 30, "rate": 0.012, "hidden": 40}
NORMS = {"teacher_frobenius": 1.9, "start_frobenius": 1.7}


def test_defaults_are_the_papers():
    size = Convergence("reslink")
    assert (size.d, size.training, size.test) == (100, 100_000, 10_000)
    assert (size.batch, size.rate, size.epochs, size.hidden) == (200, 1e-3, 200, 500)
    assert (size.teacher_spectral, size.teacher_frobenius) == (0.6, 5.7)
    assert (size.start_spectral, size.start_frobenius) == (0.6, 5.0)
    long = Dynamics()
    assert (long.d, long.batch, long.rate, long.iterations) == (1500, 300, 1e-4, 350_000)
    assert long.frobenius == 5.0


def test_reslink_finds_the_teacher_and_vanilla_does_not(tmp_path):
    errors = {}
    for student in ("reslink", "vanilla", "three-block"):
        size = Convergence(student, epochs=200, precision="double", **SMALL, **NORMS)
        records = size.run_in(tmp_path)
        assert [record["step"] for record in records] == list(range(201))
        errors[student] = records[-1]
    assert errors["reslink"]["test_error"] < 1e-4
    assert errors["reslink"]["distance"] < 0.05
    assert errors["vanilla"]["test_error"] > 0.02
    assert errors["vanilla"]["distance"] > 3
    assert errors["three-block"]["test_error"] > 2 * errors["three-block"]["training_error"]


def test_all_students_have_the_same_task():
    trainings = [
        Convergence(student, 1, precision="double", **SMALL, **NORMS).prepare()
        for student in ("reslink", "vanilla", "three-block")
    ]
    first, second, third = trainings
    np.testing.assert_array_equal(first.targets, second.targets)
    assert not np.allclose(third.targets, first.targets)
    imitator = Convergence("three-block", 1, "reslink", precision="double", **SMALL, **NORMS)
    np.testing.assert_allclose(imitator.prepare().targets, first.targets)
    np.testing.assert_array_equal(first.weights, second.weights)
    other = Convergence("reslink", 2, precision="double", **SMALL, **NORMS).prepare()
    np.testing.assert_array_equal(other.targets, first.targets)
    assert not np.allclose(other.weights, first.weights)


def test_three_block_has_a_teacher_of_its_own_structure():
    """As the paper says: here one whose layers are normalised on the training inputs."""
    small = {"precision": "double", **SMALL, **NORMS}
    first, second = (Convergence("three-block", run, **small).prepare() for run in (0, 1))
    inputs, targets = first._training
    np.testing.assert_array_equal(targets, second._training[1])
    # Drawn as its students are, but another one.
    start = first.network.loss_and_gradients(inputs, targets)[0]
    assert 0.2 * np.var(targets) < start < 20 * np.var(targets)
    for student in ("reslink", "vanilla"):
        with pytest.raises(ValueError, match="ResLink teacher anyway"):
            Convergence(student, teacher="reslink")
    with pytest.raises(ValueError, match="no teacher 'x'"):
        Convergence("three-block", teacher="x")
    names = {Convergence("three-block", 2, teacher).name for teacher in ("own", "reslink")}
    assert names == {"convergence-three-block-2", "convergence-three-block-of-reslink-2"}


def test_dynamics_in_two_phases(tmp_path):
    size = Dynamics(d=100, rate=1.5e-3, frobenius=4.0, trace=-0.75, iterations=300)
    records = size.run_in(tmp_path)
    inner = np.array([record["inner_product"] for record in records])
    turn = int(np.argmax(inner > 0))
    assert inner[0] == pytest.approx(-4.2, abs=0.1)
    assert 35 <= records[turn]["step"] <= 50
    assert np.all(inner[turn + 5 :] > 0)
    assert records[turn]["potential"] < 0.2 * records[0]["potential"]
    assert records[turn]["distance"] == pytest.approx(4, rel=0.02)


def test_schedules_end_where_they_should():
    for iterations in (0, 50, 100, 101, 5000, 350_000):
        steps = Dynamics(iterations=iterations).schedule()
        assert steps[0] == 0
        assert steps[-1] == iterations
        assert np.all(np.diff(steps) > 0)
    assert len(Dynamics().schedule()) < 700


def test_unknown_students_are_refused():
    with pytest.raises(ValueError, match="no student 'resnet'"):
        Convergence("resnet")
    assert set(versions()) == {"python", "numpy", "shortcutlib"}
