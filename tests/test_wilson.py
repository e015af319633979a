import numpy as np
import pytest
from scipy.stats import binomtest

from shortcutlib.wilson import wilson_interval


@pytest.mark.parametrize(("count", "trials"), [(0, 1), (1, 1), (0, 5000), (3521, 5000), (7, 11)])
def test_agrees_with_scipy(count, trials):
    expected = binomtest(count, trials).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(wilson_interval(count, trials), expected, atol=1e-14)


@pytest.mark.parametrize(("count", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(count, trials):
    with pytest.raises(ValueError, match="trials"):
        wilson_interval(count, trials)
