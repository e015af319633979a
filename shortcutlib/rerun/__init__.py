"""Rerun panels: change the settings of a chapter's experiment, and run it with the library.

In a kernel a panel is a widget made of plain ipywidgets (7.7 or 8).  Where there is no kernel, as
in the built pages, it is the table of its last run.  Panels need ipywidgets
(``pip install shortcutlib[notebooks]``); the experiments and the rest of the library do not.
"""

from shortcutlib.rerun.chapters import (
    certified_panel,
    normalisation_panel,
    paths_panel,
    population_loss_panel,
    reduction_panel,
    schedule_panel,
    spurious_panel,
    stage_one_panel,
    stage_two_panel,
    success_panel,
)
from shortcutlib.rerun.comparison import students_panel
from shortcutlib.rerun.dissipativity import worst_point_panel
from shortcutlib.rerun.linear_bound import below_the_line_panel
from shortcutlib.rerun.noise import noise_panel
from shortcutlib.rerun.panel import RerunPanel, choice, choices, number, whole
from shortcutlib.rerun.reslink import two_phases_panel
from shortcutlib.rerun.result import Experiment, Result

__all__ = [
    "Experiment",
    "RerunPanel",
    "Result",
    "below_the_line_panel",
    "certified_panel",
    "choice",
    "choices",
    "noise_panel",
    "normalisation_panel",
    "number",
    "paths_panel",
    "population_loss_panel",
    "reduction_panel",
    "schedule_panel",
    "spurious_panel",
    "stage_one_panel",
    "stage_two_panel",
    "students_panel",
    "success_panel",
    "two_phases_panel",
    "whole",
    "worst_point_panel",
]
