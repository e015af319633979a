"""Why shortcut connections make neural networks trainable: the mathematics of the book, runnable.

The modules follow the book: `teacher`, `networks` and `population` define the problem, `descent`
trains on it, `reduced` does the same with three numbers, `success` counts how often it works.
Importing the package needs NumPy alone.
"""

from shortcutlib.paths import Path, StopReason
from shortcutlib.step_sizes import Phase, StepSizes
from shortcutlib.teacher import Teacher

__all__ = ["Path", "Phase", "StepSizes", "StopReason", "Teacher", "__version__"]

__version__ = "0.2.0"
