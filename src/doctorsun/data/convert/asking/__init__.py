"""Asking: the questions that the annotation of a real image can answer, by what they are about."""
