"""Timed comparisons of this package with its targets and with what the machine can do."""
