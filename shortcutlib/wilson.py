"""Wilson's interval for a proportion."""

import numpy as np

__all__ = ["wilson_interval"]

#: Normal quantile of a two-sided 95% interval.
_QUANTILE = 1.959963984540054


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95% interval for a probability, from counted successes.

    Parameters
    ----------
    successes : int
        Number of successes, in [0, trials].
    trials : int
        Number of trials, at least 1.

    Returns
    -------
    low, high : float
        Bounds in [0, 1]; unlike the textbook interval they are sensible at 0 and at 1.

    Raises
    ------
    ValueError
        If the counts are impossible.

    Notes
    -----
    Source: Wilson (1927).
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f"{successes} successes in {trials} trials: give at least one trial and a count in it"
        )
    rate = successes / trials
    z2 = _QUANTILE**2 / trials
    centre = (rate + z2 / 2) / (1 + z2)
    half = _QUANTILE * np.sqrt(rate * (1 - rate) / trials + z2 / (4 * trials)) / (1 + z2)
    # The bounds at 0 and 1 are exactly 0 and 1; rounding must not say otherwise.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return float(low), float(high)
