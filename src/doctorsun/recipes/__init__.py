"""Runs: recipes that ship, and what carries them out."""

from pathlib import Path

SHIPPED = Path(__file__).parent
