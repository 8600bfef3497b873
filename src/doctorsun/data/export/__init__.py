"""Stores in the formats of other trainers, one module per format; an export imported again gives the same samples."""
