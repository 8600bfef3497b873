"""Folders that ``xtuner convert pth_to_hf`` writes: ``projector/``, and beside it what else was trained.

Names: InternLM/xtuner@81d66e6, xtuner/tools/model_converters/pth_to_hf.py and xtuner/model/modules/projector.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from doctorsun.errors import WeightsError
from doctorsun.weights.layouts import clip, language_model, peft_adapter
from doctorsun.weights.layouts.xtuner_settings import settings_beside
from doctorsun.weights.lazy import LazyTensor, LazyTensors, with_prefix
from doctorsun.weights.parts import Adapter, LowRankPair, Published, ReadOptions
from doctorsun.weights.projector_part import SEQUENTIAL, projector_part
from doctorsun.weights.settings_files import read_settings
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.tensor_files import strange_names

NAME = "xtuner_folder"
SUMMARY = "what xtuner convert pth_to_hf writes: projector/, and beside it what else was trained"

PROJECTOR = "projector"
ACTIVATION = "gelu"
TOWER = "visual_encoder"
ADAPTERS = ("visual_encoder_adapter", "llm_adapter")


def matches(path: Path) -> bool:
    """Return whether a folder holds one of xtuner's projectors."""
    return path.is_dir() and read_settings(path / PROJECTOR, "config.json").get("model_type") == PROJECTOR


def read(path: Path, options: ReadOptions) -> Published:
    """Read every part that is there; the code beside the projector is never run.

    Raises:
        WeightsError: a file is damaged, or a part is none that transformers' LLaVA has.
    """
    settings = settings_beside(path)
    pieces = {PROJECTOR: _projector(path / PROJECTOR)}
    if (path / "config.json").is_file():
        pieces[""] = language_model.read(path, options)
    if (path / TOWER / "config.json").is_file():
        pieces[TOWER] = clip.read(path / TOWER, options)
    pieces |= {name: peft_adapter.read(path / name, options) for name in ADAPTERS if (path / name).is_dir()}
    found = [_placed(piece, f"{name}/" if name else "") for name, piece in pieces.items()]
    projector = next(piece.projector for piece in found if piece.projector)
    language = next((piece.language for piece in found if piece.language), None)
    return Published(
        layout=NAME,
        tensors={name: header for piece in found for name, header in piece.tensors.items()},
        vision=next((piece.vision for piece in found if piece.vision), None),
        projector=replace(projector, feature_layer=settings.feature_layer, fit=settings.fit),
        language=language and replace(language, chat=settings.chat),
        adapters=tuple(adapter for piece in found for adapter in piece.adapters),
        left_over={name: why for piece in found for name, why in piece.left_over.items()},
        strange=(*settings.strange, *(note for piece in found for note in piece.strange)),
    )


def _projector(path: Path) -> Published:
    activation = read_settings(path, "config.json").get("hidden_act", ACTIVATION)
    if activation != ACTIVATION:
        raise WeightsError(
            f"{path / 'config.json'}: hidden_act",
            got=f"{activation!r}",
            expected=f"{ACTIVATION!r}",
            do="name weights whose projector has GELU; transformers' LLaVA would take another, this project does not",
        )
    files = open_tensors(path)
    part = projector_part(with_prefix(files, "model."), where=f"{path}", layers=SEQUENTIAL)
    return Published(layout=PROJECTOR, tensors=files.headers, projector=part, strange=strange_names(files))


def _placed(piece: Published, folder: str) -> Published:
    """Return a part of the folder with the place of its files in the names of its tensors."""

    def place(tensors: LazyTensors) -> dict[str, LazyTensor]:
        return {name: placed(tensor) for name, tensor in tensors.items()}

    def placed(tensor: LazyTensor) -> LazyTensor:
        return replace(tensor, sources=tuple(folder + source for source in tensor.sources))

    def pairs(adapter: Adapter) -> Mapping[str, LowRankPair]:
        return {name: replace(pair, down=placed(pair.down), up=placed(pair.up)) for name, pair in adapter.pairs.items()}

    return replace(
        piece,
        tensors={folder + name: header for name, header in piece.tensors.items()},
        vision=piece.vision and replace(piece.vision, tensors=place(piece.vision.tensors)),
        projector=piece.projector and replace(piece.projector, tensors=place(piece.projector.tensors)),
        language=piece.language and replace(piece.language, tensors=place(piece.language.tensors)),
        adapters=tuple(
            replace(adapter, pairs=pairs(adapter), replaced=place(adapter.replaced)) for adapter in piece.adapters
        ),
        left_over={folder + name: why for name, why in piece.left_over.items()},
        strange=tuple(f"{folder}: {note}" if folder else note for note in piece.strange),
    )
