"""Phantoms: images drawn with exact truth, one module per modality."""
