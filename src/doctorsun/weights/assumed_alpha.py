"""Reading LoRA changes whose alpha nobody says yet: headers tell all the rest, and it is asked for with that."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from doctorsun.errors import WeightsError
from doctorsun.weights.complete import PARTS
from doctorsun.weights.lora_alpha import FOR_ONE, OPTION
from doctorsun.weights.parts import LoraAlpha, Published, ReadOptions
from doctorsun.weights.published import read_published

ANY = 1.0


def read_assuming(path: Path, options: ReadOptions) -> tuple[Published, tuple[WeightsError, ...]]:
    """Read weights as `read_published` does, with any alpha where nobody says one.

    Args:
        path: file or folder.
        options: what the user says.

    Returns:
        The weights, whose changes have no true strength where something is asked, and what is asked of the user.

    Raises:
        WeightsError: something else is wrong with them.
    """
    asked: list[WeightsError] = []
    while True:
        try:
            return read_published(path, options), tuple(asked)
        except WeightsError as refusal:
            assumed = _assumed(refusal, options.lora_alpha)
            if assumed is None:
                raise
            asked.append(refusal)
            options = replace(options, lora_alpha=assumed)


def _assumed(refusal: WeightsError, said: LoraAlpha | None) -> LoraAlpha | None:
    """Return what is said with any number for what a refusal asks; None where it asks for nothing that is not said."""
    if FOR_ONE in refusal.do:
        return ANY if said is None else None
    wanted = re.findall(rf"{OPTION} ([a-z]+)=N", refusal.do)
    said_by_part = said if isinstance(said, Mapping) else {}
    missing = [part for part in PARTS if part in wanted and part not in said_by_part]
    return {**said_by_part, **dict.fromkeys(missing, ANY)} if missing and not isinstance(said, float) else None
