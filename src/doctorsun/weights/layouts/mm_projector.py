"""The projector alone, as LLaVA's first stage saves it: ``mm_projector.bin``, often with a configuration beside it.

Names: haotian-liu/LLaVA@c121f04, llava/train/train.py (get_mm_adapter_state_maybe_zero_3): what holds ``mm_projector``
in its name, and the embeddings where ``<im_start>`` and ``<im_end>`` were trained.
"""

import re
from pathlib import Path

from doctorsun.weights.layouts.legacy_settings import legacy_projector
from doctorsun.weights.layouts.llava_legacy import is_legacy, is_projector_alone
from doctorsun.weights.part_names import NameRule, group_tensors
from doctorsun.weights.parts import Published, ReadOptions
from doctorsun.weights.projector_part import SEQUENTIAL, projector_part
from doctorsun.weights.settings_files import read_settings
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names

NAME = "mm_projector"
SUMMARY = "the projector that LLaVA's first stage saves (mm_projector.bin)"

FILE = "mm_projector.bin"
RULES = (NameRule("projector", re.compile(r"(?:.*\.)?mm_projector\.(.*)"), r"\1"),)
EMBEDDINGS = re.compile(r".*\b(?:embed_tokens|embed_in)\.weight")
WITHOUT_SETTINGS = "no config.json of LLaVA beside it: feature layer and fit unknown"
WHY_EMBEDDINGS = "the embeddings of <im_start> and <im_end>: the language model brings its own"


def matches(path: Path) -> bool:
    """Return whether this is such a file, under whatever name, or a folder with nothing else of the model.

    Raises:
        WeightsError: the file is a ``.bin`` that cannot be read.
    """
    if path.is_dir():
        return is_projector_alone(path)
    return "mm_projector" in path.name or (path.suffix == ".bin" and _holds_projector_alone(path))


def _holds_projector_alone(path: Path) -> bool:
    names = [name for name in open_tensors(path).headers if not EMBEDDINGS.fullmatch(name)]
    return bool(names) and all("mm_projector" in name for name in names)


def read(path: Path, options: ReadOptions) -> Published:  # noqa: ARG001 (nothing about a projector is left to say)
    """Read the projector, and how images came to it from the configuration beside it.

    Raises:
        WeightsError: the file is damaged, or the projector is not one that transformers' LLaVA has.
    """
    file = path / FILE if path.is_dir() else path
    files, config = open_tensors(file), read_settings(file.parent, "config.json")
    grouped = group_tensors(files, RULES, where=f"{file}")
    settings = legacy_projector(config, where=f"{file.parent / 'config.json'}") if is_legacy(config) else None
    return Published(
        layout=NAME,
        tensors=files.headers,
        projector=(
            settings.part(grouped.projector, where=f"{file}")
            if settings
            else projector_part(grouped.projector, where=f"{file}", layers=SEQUENTIAL)
        ),
        left_over={name: WHY_EMBEDDINGS for name in files.headers if EMBEDDINGS.fullmatch(name)},
        strange=(*(settings.strange if settings else (WITHOUT_SETTINGS,)), *strange_names(files)),
    )
