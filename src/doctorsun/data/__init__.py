"""The data engine: raw files to samples, without a network."""
