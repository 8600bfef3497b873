"""Prompt injection: questions with a known answer, beside the same ones with an instruction to answer wrongly."""
