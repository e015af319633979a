import numpy as np
import pytest

from shortcutlib import StepSizes, StopReason, Teacher, reduced, success
from shortcutlib.starts import sample_ball
from shortcutlib.success import (
    PRINTED,
    PRINTED_K,
    SETTINGS,
    cell_rng,
    classify,
    section_4_steps,
    success_rate,
)

# Probabilities by quadrature over the ball of starts, by independent scripts (k = 16, 36, 100).
EXACT = {
    "resnet": {16: 0.714788, 36: 0.768420, 100: 0.849514},
    "resnet-warmup": {16: 1.0, 36: 0.995101, 100: 0.945575},
    "cnn": {16: 0.562635, 36: 0.555160, 100: 0.542015},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("k", [16, 36, 100])
def test_rates_agree_with_the_exact_probabilities(setting, k):
    cell = success_rate(setting, k, trials=4000, seed=7)
    p = EXACT[setting][k]
    assert abs(cell.success_rate - p) <= 4 * np.sqrt(p * (1 - p) / 4000) + 1e-6
    assert cell.low <= cell.success_rate <= cell.high


def test_full_vectors_give_the_same_rate():
    # The whole experiment without any reduction: k-vectors, p-vectors, the paper's rule.
    k, n = 16, 60
    teacher = Teacher.section_4(k)
    rng = np.random.default_rng(1)
    a = sample_ball(n, k, teacher.start_radius, rng)
    steps = section_4_steps("resnet", k)
    weights, filters = a.copy(), np.tile(teacher.shortcut, (n, 1))
    for iteration in range(30_000):
        eta_a, eta_w = steps.at(iteration)
        cosine = np.clip(filters @ teacher.filter, -1, 1)
        phi = np.arccos(cosine)
        g = (np.pi - phi) * cosine + np.sin(phi)
        q = weights @ teacher.output_weights
        away = (
            weights.sum(1, keepdims=True)
            + (np.pi - 1) * weights
            - teacher.output_sum
            - (g - 1)[:, None] * teacher.output_weights
        ) / (2 * np.pi)
        across = teacher.filter - cosine[:, None] * filters
        filters = filters + (eta_w * q * (np.pi - phi) / (2 * np.pi))[:, None] * across
        filters /= np.linalg.norm(filters, axis=1, keepdims=True)
        weights = weights - eta_a * away
    starts = reduced.ReducedState(
        *(
            np.array(column)
            for column in zip(
                *(reduced.reduce(teacher, teacher.shortcut, x) for x in a), strict=True
            )
        )
    )
    outcome = classify(teacher, starts, steps)
    np.testing.assert_array_equal(outcome.success, filters @ teacher.filter > 0)
    assert 0 < outcome.success.sum() < n


def test_a_cells_stream_depends_on_seed_setting_and_k_alone():
    alone = success_rate("resnet", 16, trials=300, seed=5)
    success_rate("cnn", 25, trials=100, seed=5)
    assert success_rate("resnet", 16, trials=300, seed=5) == alone
    draws = {cell_rng(*key).random() for key in ((5, "resnet", 16), (6, "resnet", 16))}
    draws |= {cell_rng(*key).random() for key in ((5, "cnn", 16), (5, "resnet", 25))}
    assert len(draws) == 4


def test_blocks_of_trials_continue_the_cell(monkeypatch):
    whole = success_rate("resnet", 16, trials=900, seed=2)
    monkeypatch.setattr(success, "BLOCK", 400)
    parts = success_rate("resnet", 16, trials=900, seed=2)
    # The first block is the cell's own stream, the others are streams of their own.
    assert success_rate("resnet", 16, trials=400, seed=2).trials == 400
    assert abs(parts.success_rate - whole.success_rate) < 0.1
    draws = {cell_rng(2, "resnet", 16, block).random() for block in range(3)}
    assert len(draws) == 3
    assert cell_rng(2, "resnet", 16, 0).random() == np.random.default_rng([2, 0, 16]).random()


def test_exact_cells():
    cell = success_rate("resnet", 16, method="exact", tolerance=1e-7)
    assert cell.method == "exact"
    assert cell.success_rate == pytest.approx(EXACT["resnet"][16], abs=6e-7)
    assert 0 < cell.error_estimate <= 1e-7
    assert cell.low <= cell.success_rate <= cell.high
    assert cell.trials is None
    assert cell.seed is None
    assert success_rate("resnet", 16, trials=10).error_estimate is None


def test_the_literal_reading_cannot_be_the_papers():
    # 1'a* = |a*|^2 / 4 as printed: with every N the rate is far above the printed 0.70 to 0.84.
    for k, floor in ((16, 0.9), (100, 0.99)):
        for norm_squared in np.geomspace(0.1 * k, 16 * k, 6):
            cell = success_rate(
                "resnet", k, trials=400, reading="literal", norm_squared=norm_squared
            )
            assert cell.success_rate > floor - 0.02
            assert cell.low > PRINTED["resnet"][k]


def test_warmup_of_1000_does_not_save_every_start_from_k_36_on():
    for k in (36, 49, 64):
        cell = success_rate("resnet-warmup", k, trials=2000)
        assert cell.high < cell.printed == 1.0


def test_printed_table_is_complete():
    for row in PRINTED.values():
        assert tuple(row) == PRINTED_K
    cell = success_rate("resnet", 16, trials=10)
    assert cell.printed == 0.7042
    assert cell.as_dict()["method"] == "simulated"
    assert success_rate("resnet", 17, trials=10).printed is None
    assert success_rate("resnet", 16, trials=10, p=2).printed is None
    assert success_rate("resnet-warmup", 16, trials=10, warmup=10).printed is None


def test_outcomes_name_their_reason():
    teacher = Teacher.section_4(16)
    starts = reduced.state([0.0, 0.0], [5.0, -40.0], teacher.angle)
    outcome = classify(teacher, starts, StepSizes.section_4(16, warmup=0))
    assert [outcome.stop(i) for i in (0, 1)] == [
        StopReason.GLOBAL_OPTIMUM,
        StopReason.SPURIOUS_POINT,
    ]
    wild = Teacher.section_4(130)
    gone = classify(wild, reduced.state([1.0], [2.0], [1.0]), StepSizes.constant(0.1, 0.1), "cnn")
    assert gone.stop(0) is StopReason.DIVERGED
    still = classify(
        teacher, reduced.state([0.0], [-2.0], 1.0), StepSizes.constant(1e-9, 1e-9), patience=20
    )
    assert still.stop(0) is StopReason.ITERATIONS_SPENT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"setting": "mlp"}, "'mlp'"),
        ({"k": 0}, "k = 0"),
        ({"trials": 0}, "trials = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"warmup": -1}, "warmup = -1"),
        ({"warmup": 2.5}, "warmup = 2.5"),
        ({"reading": "literal"}, "give norm_squared"),
        ({"norm_squared": -3.0}, "positive"),
        ({"k": 1}, "k = 1 needs"),
        ({"method": "guess"}, "method = 'guess'"),
        ({"method": "exact", "tolerance": 1e-15}, "tolerance = 1e-15"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(changes, message):
    arguments = {"setting": "resnet", "k": 16, "trials": 10} | changes
    with pytest.raises(ValueError, match=message):
        success_rate(**arguments)
