"""Stands in for Colab's own package in the tests: enough for code that asks whether it is there."""
