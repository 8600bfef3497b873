"""Leakage: which rows of a store show the images or say the questions of a test, layer by layer."""
