"""Weights on disk: formats of this project and of the published systems."""
