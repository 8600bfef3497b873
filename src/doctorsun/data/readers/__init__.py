"""Readers: each turns one source into samples."""
