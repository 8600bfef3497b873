"""Tensors on disk, by name: headers first, contents one at a time, and never a foreign object."""
