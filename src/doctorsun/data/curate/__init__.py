"""Curation: row steps, global steps, and the phases that run them over stores."""
