"""Reading LoRA changes whose alpha nobody says yet: headers tell all the rest, and it is asked for with that."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from doctorsun.errors import WeightsError
from doctorsun.weights.complete import PARTS
from doctorsun.weights.lora_alpha import FOR_ONE, OPTION
from doctorsun.weights.parts import LoraAlpha, Published, ReadOptions
from doctorsun.weights.published import read_published

if TYPE_CHECKING:
    from doctorsun.weights.part_names import PartName

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
    said_by_part: Mapping[PartName, float] = said if isinstance(said, Mapping) else {}
    missing: list[PartName] = [part for part in PARTS if part in wanted and part not in said_by_part]
    if not missing or isinstance(said, float):
        return None
    assumed: dict[PartName, float] = dict.fromkeys(missing, ANY)
    return {**said_by_part, **assumed}
