"""What a stock Hugging Face LLaVA folder will hold, settled and proved before its first byte is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

from doctorsun.errors import WeightsError
from doctorsun.processor.config_files import save_processor_configs
from doctorsun.processor.image_processor import CLIP_MEAN, CLIP_STD, ImageProcessor
from doctorsun.processor.prepared import PreparedTokenizer, prepare_tokenizer, save_prepared
from doctorsun.weights.config_files import generation_config, llava_config
from doctorsun.weights.embedding import with_rows
from doctorsun.weights.lazy import LazyTensor, LazyTensors
from doctorsun.weights.parts import LanguagePart, Parts
from doctorsun.weights.portable_names import LANGUAGE, PROJECTOR, VISION, expected_headers
from doctorsun.weights.special_ids import strange_ids
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader
from doctorsun.weights.tied_head import strange_head
from doctorsun.weights.unsaid import FIT, strange_silence

DTYPES = (NumberType.FLOAT16, NumberType.BFLOAT16, NumberType.FLOAT32)
"""Types that every engine computes in."""

EMBEDDED = "model.embed_tokens.weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFolder:
    """All that a folder will hold.

    Attributes:
        tensors: by their names on disk, all of one type.
        config: of the network; `doctorsun.weights.config_files.portable_config` writes it.
        generation: ``generation_config.json``.
        write_processor: writes the tokenizer, the chat template and the image settings into a folder.
        notes: what was decided on the way, for ``import.json``.
        compare: reads contents of the sources, and returns what is strange about them, for ``import.json``.
    """

    tensors: LazyTensors
    config: LlavaConfig
    generation: Mapping[str, Any]
    write_processor: Callable[[Path], None]
    notes: Mapping[str, Any]
    compare: Callable[[], tuple[str, ...]] = tuple

    @property
    def dtype(self) -> NumberType:
        """Type of every tensor."""
        return next(iter(self.tensors.values())).header.dtype


def stock_folder(parts: Parts, *, dtype: NumberType | None = None, chat: str | None = None) -> StockFolder:
    """Settle the folder that these parts make: tokenizer, rows of the embedding, names, types, configurations.

    Args:
        parts: complete, with their adapters joined.
        dtype: of every tensor; None: the language model's.
        chat: name of the chat template; None: the language model's own.

    Raises:
        WeightsError: a part does not fit its configuration, there is no tokenizer, or nothing tells the chat template.
    """
    prepared = _tokenizer(parts.language, chat)
    settings = {**parts.language.config, **_ends(parts.language, prepared)}
    dtype = dtype or parts.language.tensors[EMBEDDED].header.dtype
    small = in_type(parts.language.tensors, dtype)  # before rows are added: the embedding is copied for them
    language = with_rows(replace(parts.language, config=settings, tensors=small), prepared.num_ids)
    config = llava_config(replace(parts, language=language), image_id=prepared.image_id, pad_id=prepared.pad_id)
    stock = StockFolder(
        tensors=in_type(portable_tensors(replace(parts, language=language)), dtype),
        config=config,
        generation=generation_config(
            language.generation, bos_id=prepared.bos_id, stop_ids=prepared.stop_ids, pad_id=prepared.pad_id
        ),
        write_processor=_processor_writer(parts, config, prepared),
        notes={
            "added_rows": _num_rows(language) - _num_rows(parts.language),
            "added_tokens": dict(prepared.added),
            "chat": prepared.chat,
            "dtype": f"{dtype}",
            "fit": _images(parts).fit,
            "strange": [
                *strange_ids(parts.language, bos_id=prepared.bos_id, ends=prepared.own_ends),
                *strange_silence(parts.language, parts.projector),
            ],
            "tied": config.tie_word_embeddings,
        },
        compare=partial(strange_head, parts.language),
    )
    require_network({name: tensor.header for name, tensor in stock.tensors.items()}, config, dtype)
    return stock


def portable_tensors(parts: Parts) -> dict[str, LazyTensor]:
    """Return the tensors of the parts by their names on disk."""
    return (
        {VISION + name: tensor for name, tensor in parts.vision.tensors.items()}
        | {PROJECTOR + name: tensor for name, tensor in parts.projector.tensors.items()}
        | {LANGUAGE + name: tensor for name, tensor in parts.language.tensors.items()}
    )


def in_type(tensors: LazyTensors, dtype: NumberType) -> dict[str, LazyTensor]:
    """Return tensors in one floating-point type.

    Raises:
        WeightsError: not all engines compute in this type; or, when a tensor is computed, a value is too large for it.
    """
    if dtype not in DTYPES:
        raise WeightsError(
            "the type of the tensors",
            got=f"{dtype}",
            expected="float16, bfloat16 or float32",
            do="name one of them with --dtype",
        )
    return {name: _finite(name, tensor, dtype) for name, tensor in tensors.items()}


def _finite(name: str, tensor: LazyTensor, dtype: NumberType) -> LazyTensor:
    """Return a tensor in another type; float16 ends at 65,504, and infinity would stand for what lies above."""
    if not tensor.header.dtype.is_floating_point or dtype.largest >= tensor.header.dtype.largest:
        return tensor.to(dtype)
    if tensor.rounded is not None and tensor.header.dtype.itemsize < NumberType.FLOAT32.itemsize:
        tensor = tensor.to(NumberType.FLOAT32)  # of a sum: what is too large is seen before it is rounded

    def cast_within(values: Tensor) -> Tensor:
        ends = values.aminmax() if values.numel() else ()  # of abs() there would be a copy
        largest = max((abs(end.item()) for end in ends), default=0.0)
        if dtype.largest < largest < float("inf"):
            raise WeightsError(
                name, got=f"a value of {largest:.6g}", expected=f"values that {dtype} holds", do="say --dtype bfloat16"
            )
        return values.to(dtype.torch)

    return tensor.map(cast_within, TensorHeader(dtype, tensor.header.shape))


def require_network(got: Mapping[str, TensorHeader], config: LlavaConfig, dtype: NumberType) -> None:
    """Require every tensor of the network, in its shape, and no other.

    Raises:
        WeightsError: one is missing, of another shape or type, or not the network's.
    """
    expected = expected_headers(config, dtype)
    for name in sorted({*expected, *got}):
        if got.get(name) != expected.get(name):
            raise WeightsError(
                f"tensor {name}",
                got=_told(got.get(name)),
                expected=_told(expected.get(name)),
                do="check that the parts belong together and that nobody edited config.json",
            )


def _told(header: TensorHeader | None) -> str:
    return "none of this name" if header is None else f"{header.dtype} {list(header.shape)}"


def _tokenizer(language: LanguagePart, chat: str | None) -> PreparedTokenizer:
    if language.tokenizer_folder is None:
        raise WeightsError(
            "the language model",
            got="no tokenizer beside it",
            expected="tokenizer.json, tokenizer.model, or vocab.json and merges.txt",
            do="give the folder of the language model that it was trained from with --tokenizer",
        )
    return prepare_tokenizer(
        language.tokenizer_folder, chat=chat or language.chat, model_type=language.config["model_type"]
    )


def _ends(language: LanguagePart, prepared: PreparedTokenizer) -> dict[str, Any]:
    """Return the ids that begin and end texts, as the tokenizer says; Qwen2's names no beginning."""
    begin = language.config.get("bos_token_id") if prepared.bos_id is None else prepared.bos_id
    return {"bos_token_id": begin, "eos_token_id": list(prepared.stop_ids)}


def _num_rows(language: LanguagePart) -> int:
    return language.tensors[EMBEDDED].header.shape[0]


def _images(parts: Parts) -> ImageProcessor:
    return ImageProcessor(
        size=parts.vision.config["image_size"],
        fit=parts.projector.fit or FIT,
        mean=parts.vision.image_mean or CLIP_MEAN,
        std=parts.vision.image_std or CLIP_STD,
    )


def _processor_writer(parts: Parts, config: LlavaConfig, prepared: PreparedTokenizer) -> Callable[[Path], None]:
    tower, text = cast("CLIPVisionConfig", config.vision_config), cast("LlamaConfig", config.text_config)

    def write(folder: Path) -> None:
        save_prepared(prepared, folder, text.max_position_embeddings)
        save_processor_configs(
            folder, _images(parts), cast("int", tower.patch_size), strategy=parts.projector.feature_strategy
        )

    return write
