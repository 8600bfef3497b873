"""Evaluation: tasks, protocols, controls and statistics; answers are stored once and scored as often as wanted."""
