"""Conversion: annotated images to facts, questions and samples."""
