"""Interactive pictures: widgets in a notebook, alive without a kernel in the built pages.

They need anywidget (``pip install shortcutlib[notebooks]``); the rest of the library does not.
"""

from shortcutlib.explorers.base import Explorer
from shortcutlib.explorers.basins import BasinExplorer
from shortcutlib.explorers.descent import DescentExplorer
from shortcutlib.explorers.dissipativity import DissipativityExplorer
from shortcutlib.explorers.landscape import LandscapeExplorer
from shortcutlib.explorers.noise import NoiseExplorer
from shortcutlib.explorers.phases import TwoPhasesExplorer
from shortcutlib.explorers.regularised import RegularisedExplorer
from shortcutlib.explorers.surface import SurfaceExplorer
from shortcutlib.explorers.table import TableExplorer

__all__ = [
    "BasinExplorer",
    "DescentExplorer",
    "DissipativityExplorer",
    "Explorer",
    "LandscapeExplorer",
    "NoiseExplorer",
    "RegularisedExplorer",
    "SurfaceExplorer",
    "TableExplorer",
    "TwoPhasesExplorer",
]
