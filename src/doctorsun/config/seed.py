"""The seeds that a run may have: those that every generator it feeds can take."""

MAX_SEED = 2**32 - 1  # training multiplies it by a million, and torch takes 64 bits
SEED_RANGE = f"a whole number from 0 to {MAX_SEED}"
