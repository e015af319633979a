"""Colab lets widgets that it does not know draw themselves once this has been called."""

from types import SimpleNamespace

_widgets = SimpleNamespace(_installed_url=None)


def enable_custom_widget_manager() -> None:
    """Note that it was asked for."""
    _widgets._installed_url = "https://example.invalid/manager.js"
