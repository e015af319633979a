"""Tests of shortcutlib.reslink, module by module."""
