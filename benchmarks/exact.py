"""Goal 2: exact probabilities to 1e-6 and 1e-9, in units of the newcomer's steps (A).

Run with ``python benchmarks/exact.py``; takes about half a minute.  CPU time, SciPy already
imported; A's cost a step is measured in the same rounds, on 300 steps of one trial.
"""

import numpy as np
import peers
from measure import cpu_seconds, report, verdict

from shortcutlib import Teacher
from shortcutlib.exact import success_probability
from shortcutlib.success import PRINTED_K, SETTINGS, section_4_steps


def main():
    rows = [("setting", "k", "probability", "error estimate", "steps of A: 1e-6", "1e-9", "ms, ms")]
    worst = [0.0, 0.0]
    for setting in SETTINGS:
        for k in PRINTED_K:
            network = "cnn" if setting == "cnn" else "residual"
            teacher, steps = Teacher.section_4(k), section_4_steps(setting, k)
            (v,), (a,) = peers.draw(teacher, 1, network, 1)

            def exact(tolerance, t=teacher, s=steps, n=network):
                return success_probability(t, s, n, tolerance=tolerance)

            spent = cpu_seconds(
                {
                    "A": lambda t=teacher, s=steps, v=v, a=a, n=network: peers.one_trial(
                        t, v, a, s, n, 300
                    ),
                    "1e-6": lambda e=exact: e(1e-6),
                    "1e-9": lambda e=exact: e(1e-9),
                },
                rounds=5,
            )
            units = [spent[name] / (spent["A"] / 300) for name in ("1e-6", "1e-9")]
            worst = list(np.maximum(worst, units))
            found = exact(1e-9)
            rows.append(
                (setting, str(k), f"{found.probability:.12f}", f"{found.error_estimate:.1e}")
                + (f"{units[0]:,.0f}", f"{units[1]:,.0f}")
                + (f"{spent['1e-6'] * 1e3:.0f}, {spent['1e-9'] * 1e3:.0f}",)
            )
    report("Goal 2. Exact probabilities", rows)
    for tolerance, value, goal in (("1e-6", worst[0], 5000), ("1e-9", worst[1], 15000)):
        met = verdict(value, goal, at_least=False)
        print(f"  worst at {tolerance}: {value:,.0f} steps of A, {met}")


if __name__ == "__main__":
    main()
