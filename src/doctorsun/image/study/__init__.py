"""Uploaded studies: one file or archive from a client, sorted into series whose slices can be looked at."""
