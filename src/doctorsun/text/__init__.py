"""Strings in Chinese and English: normal forms, scripts, tokens and yes or no."""
