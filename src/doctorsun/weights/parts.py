"""What published weights hold, whatever their layout: up to three parts of a LLaVA, under one set of names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.part_names import PartName
from doctorsun.weights.tensors.tensor_files import TensorHeader

ImageFit = Literal["crop", "pad"]
FeatureStrategy = Literal["default", "full"]
LoraAlpha = float | Mapping[PartName, float]
"""Of the one LoRA that is there, or of the LoRA of each part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionPart:
    """A CLIP vision tower.

    Attributes:
        tensors: by the names of CLIPVisionModel before transformers 5: ``vision_model.embeddings.class_embedding``, ...
        config: the settings of CLIPVisionConfig; with a ``fault``, its sizes alone.
        image_mean: of the pixels, red, green and blue; None where the folder does not say (then CLIP's own).
        image_std: as ``image_mean``.
        fault: why the tower cannot be used before somebody says more, such as the number of its heads.
    """

    tensors: LazyTensors
    config: Mapping[str, Any]
    image_mean: tuple[float, float, float] | None = None
    image_std: tuple[float, float, float] | None = None
    fault: WeightsError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectorPart:
    """Two layers with GELU between: ``linear_1.weight`` [text, vision], ``linear_1.bias``, ``linear_2.weight``, ...

    Attributes:
        feature_layer: hidden state of the tower that it reads, as transformers counts them; None where nobody says.
        feature_strategy: ``full`` where the class token enters beside the patches (LLaVA's ``cls_patch``), as
            transformers' ``vision_feature_select_strategy`` says it.
        fit: how images entered when it was trained last; None where nobody says.
    """

    tensors: LazyTensors
    feature_layer: int | None = None
    feature_strategy: FeatureStrategy = "default"
    fit: ImageFit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePart:
    """A causal language model that transformers' LLaVA can hold.

    Attributes:
        tensors: by LlamaForCausalLM's names: ``model.embed_tokens.weight``, ..., ``lm_head.weight`` (absent: tied).
        config: the settings of its transformers class, ``model_type`` included (llama, mistral or qwen2).
        tokenizer_folder: where its tokenizer lies; None where the layout has none.
        generation: ``generation_config.json``, where there is one.
        tied: a head that lies in the files and is tied to the embedding, and that embedding, both as they lie there.
        chat: name of the chat template it was tuned with (``processor/chat_templates``); None where nobody says.
    """

    tensors: LazyTensors
    config: Mapping[str, Any]
    tokenizer_folder: Path | None
    generation: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tied: tuple[LazyTensor, LazyTensor] | None = None
    chat: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRankPair:
    """A LoRA change of one weight: ``weight + scale * up @ down`` (arXiv 2106.09685; ``down`` is A, ``up`` is B)."""

    down: LazyTensor
    up: LazyTensor
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Changes of one part, to be joined into it.

    Attributes:
        part: the part that it changes.
        lora: file or folder of the LoRA that it belongs to: one training, with one alpha.
        pairs: by the name of the weight that each changes, in the names of the part.
        replaced: tensors that take the place of the part's own (PEFT's ``modules_to_save``), by its names.
    """

    part: PartName
    lora: str = ""
    pairs: Mapping[str, LowRankPair]
    replaced: LazyTensors = field(default_factory=dict[str, LazyTensor])


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Weights as somebody published them, read by their layout.

    Every tensor of the files is the source of one in a part or an adapter, or stands in ``left_over``:
    `doctorsun.weights.published.read_published` proves it.

    Attributes:
        layout: name of the layout.
        tensors: every tensor in the files.
        adapters: changes of parts, of this one's own or of parts that somebody else brings.
        left_over: tensors that are not used, each with the reason.
        strange: what a reader should know: dangling paths, edited settings, missing tokens.
    """

    layout: str
    tensors: Mapping[str, TensorHeader]
    vision: VisionPart | None = None
    projector: ProjectorPart | None = None
    language: LanguagePart | None = None
    adapters: tuple[Adapter, ...] = ()
    left_over: Mapping[str, str] = field(default_factory=dict[str, str])
    strange: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a user says where a layout cannot tell.

    Attributes:
        vision_config: settings of the tower, from a file (``--vision-config``).
        lora_alpha: of adapters that stand without their settings (``--lora-alpha``).
        text_config: settings of the language model that stand against the folder's own (``--rope-theta`` and such).
    """

    vision_config: Mapping[str, Any] | None = None
    lora_alpha: LoraAlpha | None = None
    text_config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def alpha_of(self, part: PartName) -> float | None:
        """Return what the user says of the LoRA of a part."""
        return self.lora_alpha.get(part) if isinstance(self.lora_alpha, Mapping) else self.lora_alpha


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The three parts of one LLaVA, complete and with their adapters joined."""

    vision: VisionPart
    projector: ProjectorPart
    language: LanguagePart
