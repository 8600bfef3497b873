"""The three parts of a LLaVA, each in a folder of its own, as a recipe or an import puts them together."""

from pathlib import Path
from typing import Any

import torch

from checkpoints.clip import write_tower
from checkpoints.llama import write_llama3
from checkpoints.mm_projector import write_mm_projector
from doctorsun.weights.complete import complete
from doctorsun.weights.parts import Parts, Published
from doctorsun.weights.published import read_published


def write_three_parts(folder: Path, *, dtype: torch.dtype = torch.bfloat16, **changes: Any) -> dict[str, Published]:
    """Write and read ``language``, ``vision`` and ``projector``; ``changes`` go into the language model's settings."""
    write_llama3(folder / "language", dtype=dtype, **changes)
    write_tower(folder / "vision")
    write_mm_projector(folder / "projector")
    return {name: read_published(folder / name) for name in ("language", "vision", "projector")}


def three_parts(folder: Path, *, dtype: torch.dtype = torch.bfloat16, **changes: Any) -> Parts:
    """Write three parts and put them together."""
    published = write_three_parts(folder, dtype=dtype, **changes)
    return complete(published["language"], vision=published["vision"], projector=published["projector"])
