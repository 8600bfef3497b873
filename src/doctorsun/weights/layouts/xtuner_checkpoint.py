"""Checkpoints of xtuner's LLaVA training: one file ``iter_N.pth``, or a folder of that name with DeepSpeed's shares.

Names: InternLM/xtuner@81d66e6, xtuner/model/llava.py (LLaVAModel.state_dict): ``projector.model.{0,2}`` always,
``llm.`` and ``visual_encoder.`` where they were trained, whole or as LoRA; what was frozen is absent. The files are
mmengine's (open-mmlab/mmengine, runner/_flexible_runner.py and _strategy/deepspeed.py: the configuration is a text in
``meta``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from doctorsun.errors import WeightsError
from doctorsun.weights.adapter_tensors import LANGUAGE_RULES, AdapterTensors, sort_adapter
from doctorsun.weights.layouts.xtuner_settings import XtunerSettings, settings_beside, settings_of
from doctorsun.weights.lazy import LazyTensors, with_prefix
from doctorsun.weights.lora_alpha import FOR_ONE, asking
from doctorsun.weights.lora_settings import LoraSettings
from doctorsun.weights.part_names import PartName, clip_rules
from doctorsun.weights.parts import Adapter, Published, ReadOptions, VisionPart
from doctorsun.weights.projector_part import SEQUENTIAL, projector_part
from doctorsun.weights.tensors.tensor_files import TensorFiles, strange_names
from doctorsun.weights.tensors.torch_file import TorchFile, open_torch, read_pickled
from doctorsun.weights.tensors.zero_checkpoint import open_zero_checkpoint
from doctorsun.weights.tensors.zero_ranks import MODEL_STATES, is_zero_checkpoint
from doctorsun.weights.vision_part import vision_part

NAME = "xtuner_checkpoint"
SUMMARY = "checkpoint of xtuner's LLaVA training (iter_N.pth, a file or a DeepSpeed folder)"

PROJECTOR, TOWER, LANGUAGE = "projector.model.", "visual_encoder.", "llm."
WHOLE_TOWER = "vision_model.embeddings.class_embedding"


def matches(path: Path) -> bool:
    """Return whether this is a ``.pth`` file, or a folder of shares that DeepSpeed wrote."""
    return is_zero_checkpoint(path) if path.is_dir() else path.suffix == ".pth"


def read(path: Path, options: ReadOptions) -> Published:
    """Read what was trained.

    Raises:
        WeightsError: the file is damaged or of another training, the projector is another, or nobody says the settings
            of a LoRA.
    """
    files, meta = _open(path)
    projector = with_prefix(files, PROJECTOR)
    if not projector:
        raise WeightsError(
            f"{path}",
            got=f"no tensors {PROJECTOR}*",
            expected="a checkpoint of xtuner's LLaVA training",
            do="name that of the training with images",
        )
    settings = _settings(meta, path)
    tower = sort_adapter(with_prefix(files, TOWER), where=f"{path}: {TOWER}", rules=clip_rules(""))
    language = sort_adapter(with_prefix(files, LANGUAGE), where=f"{path}: {LANGUAGE}", rules=LANGUAGE_RULES)
    adapters = _adapters({TOWER: tower, LANGUAGE: language}, settings, options, path)
    return Published(
        layout=NAME,
        tensors=files.headers,
        vision=_whole_tower(tower, path, options),
        projector=projector_part(
            projector,
            where=f"{path}",
            layers=SEQUENTIAL,
            feature_layer=settings.feature_layer,
            fit=settings.fit,
        ),
        adapters=adapters,
        left_over=tower.left_over | language.left_over,
        strange=(
            *settings.strange,
            *_strange(language.replaced.get("language", {})),
            *strange_names(files),
        ),
    )


def _open(path: Path) -> tuple[TensorFiles, Mapping[str, Any]]:
    """Return the tensors and what mmengine notes beside them."""
    files = open_zero_checkpoint(path) if path.is_dir() else open_torch(path)
    archive = files.archive if isinstance(files, TorchFile) else read_pickled(min(path.glob(MODEL_STATES)))
    meta = archive.tree.get("meta") if isinstance(archive.tree, dict) else None
    return files, cast("Mapping[str, Any]", meta) if isinstance(meta, Mapping) else {}


def _settings(meta: Mapping[str, Any], path: Path) -> XtunerSettings:
    text = meta.get("cfg")
    return settings_of(text, where=f"{path}: meta: cfg") if isinstance(text, str) else settings_beside(path.parent)


def _adapters(
    changes: Mapping[str, AdapterTensors], settings: XtunerSettings, options: ReadOptions, path: Path
) -> tuple[Adapter, ...]:
    """Return the changes of each network, by the beginning of its names: each LoRA has its own alpha."""

    def lora(part: PartName) -> LoraSettings | None:
        return settings.lora(part, options.alpha_of(part))

    parts: list[PartName] = [part for sorted_ in changes.values() for part in sorted_.lora_parts]
    ask = FOR_ONE if len(parts) == 1 else asking([part for part in parts if lora(part) is None])
    return tuple(
        adapter
        for name, sorted_ in changes.items()
        for adapter in sorted_.adapters(lora, where=f"{path}: {name}", ask=ask)
    )


def _whole_tower(tower: AdapterTensors, path: Path, options: ReadOptions) -> VisionPart | None:
    """Return the tower that was trained whole.

    Its tensors change a tower that the user gives, too, which may know more: heads, mean and deviation of the pixels.
    """
    tensors = tower.replaced.get("vision", {})
    if WHOLE_TOWER not in tensors or tower.factors:
        return None
    return vision_part(tensors, where=f"{path}: {TOWER}", config=None, options=options)


def _strange(language: LazyTensors) -> tuple[str, ...]:
    words = language.get("model.embed_tokens.weight") or language.get("model.tok_embeddings.weight")
    if words is None:
        return ()
    kind = words.header.dtype
    where = "--language gives its settings and tokenizer, --dtype another type"
    return (f"the language model was trained whole and lies here in {kind}: {where}",)
