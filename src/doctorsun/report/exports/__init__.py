"""Exports of an evaluation in the forms of other tools; each file here is one form."""
