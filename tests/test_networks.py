import numpy as np
import pytest

from shortcutlib import Teacher, networks


def loops(v, a, Z):
    """Equation (1) as nested sums: an oracle without array tricks."""
    result = []
    for z in Z:
        value = 0.0
        for j in range(z.shape[1]):
            value += a[j] * max(0.0, sum(z[i, j] * v[i] for i in range(z.shape[0])))
        result.append(value)
    return np.array(result)


@pytest.fixture
def setup(rng):
    p, k = 5, 7
    Z = networks.sample_inputs(40, p, k, rng)
    return rng.standard_normal(p), rng.standard_normal(k), Z


def test_every_network_agrees_with_nested_sums(setup):
    v, a, Z = setup
    shortcut = np.full(5, 1 / np.sqrt(5))
    full = shortcut + v
    np.testing.assert_allclose(networks.plain_cnn(v, a, Z), loops(v, a, Z))
    np.testing.assert_allclose(networks.residual_network(v, a, Z), loops(full, a, Z))
    np.testing.assert_allclose(
        networks.normalised_residual_network(v, a, Z), loops(full / np.linalg.norm(full), a, Z)
    )
    np.testing.assert_allclose(
        networks.weight_normalised_cnn(v, a, Z), loops(v / np.linalg.norm(v), a, Z)
    )
    teacher = Teacher(v / np.linalg.norm(v), a)
    np.testing.assert_allclose(networks.teacher_network(teacher, Z), loops(teacher.filter, a, Z))


def test_scale_moves_freely_between_the_layers(setup):
    v, a, Z = setup
    np.testing.assert_allclose(
        networks.plain_cnn(3 * v, a / 3, Z), networks.plain_cnn(v, a, Z), rtol=1e-12
    )


def test_zero_residual_is_average_pooling(setup):
    _, a, Z = setup
    pooled = np.sqrt(Z.shape[1]) * Z.mean(axis=1)
    np.testing.assert_allclose(
        networks.residual_network(np.zeros(5), a, Z), np.maximum(pooled, 0) @ a
    )


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("normalised", [False, True])
def test_minibatch_gradients_are_central_differences(setup, rng, residual, normalised):
    v, a, Z = setup
    labels = rng.standard_normal(len(Z))

    def value(filter_, outputs):
        return networks.minibatch_loss(
            filter_, outputs, Z, labels, residual=residual, normalised=normalised
        )

    found, h = value(v, a), 1e-6
    for gradient, point, slot in ((found.filter_gradient, v, 0), (found.output_gradient, a, 1)):
        for i in range(point.size):
            step = np.zeros(point.size)
            step[i] = h
            pair = [(v + step, a), (v - step, a)] if slot == 0 else [(v, a + step), (v, a - step)]
            difference = (value(*pair[0]).loss - value(*pair[1]).loss) / (2 * h)
            assert gradient[i] == pytest.approx(difference, rel=1e-6, abs=1e-7)


def test_loss_is_half_the_mean_square(setup):
    v, a, Z = setup
    labels = np.ones(len(Z))
    expected = 0.5 * np.mean((networks.normalised_residual_network(v, a, Z) - 1) ** 2)
    assert networks.minibatch_loss(v, a, Z, labels).loss == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v, a, Z: (v[:-1], a, Z), "filter has shape"),
        (lambda v, a, Z: (v, a[:-1], Z), "a has shape"),
        (lambda v, a, Z: (v, a, Z[0]), "Z has shape"),
        (lambda v, a, Z: (0 * v, a, Z), "is zero"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(setup, change, message):
    with pytest.raises(ValueError, match=message):
        networks.weight_normalised_cnn(*change(*setup))


def test_labels_of_another_length_are_refused(setup):
    v, a, Z = setup
    with pytest.raises(ValueError, match="labels has shape"):
        networks.minibatch_loss(v, a, Z, np.ones(3))
    with pytest.raises(ValueError, match="w has shape"):
        networks.residual_network([[1.0]], a, Z)
