"""The forms of others that an evaluation can be exported in."""

from typing import Literal

ExportForm = Literal["lm-eval", "inspect", "model-index", "eval-results"]
