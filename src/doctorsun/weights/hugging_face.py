"""Stock Hugging Face folders: what training saves, transformers, vLLM and SGLang load."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

from torch import Tensor
from transformers import CLIPVisionConfig, GenerationConfig, LlavaConfig, LlavaForConditionalGeneration
from transformers.utils import logging as transformers_logging

from doctorsun.errors import WeightsError
from doctorsun.processor.config_files import save_processor_configs
from doctorsun.processor.processor import Processor
from doctorsun.processor.tokenizer import TokenNames, save_tokenizer
from doctorsun.storage.atomic import atomic_folder, write_json
from doctorsun.storage.sums import write_sums
from doctorsun.weights.config_files import portable_config
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.portable_names import portable_name
from doctorsun.weights.projector_part import require_layer
from doctorsun.weights.settings_files import read_settings
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.shard_writer import PROGRESS, write_shards
from doctorsun.weights.tensors.tensor_files import TensorHeader

# Our own progress stands where the user looks, and what is wrong with weights is told by our errors.
transformers_logging.disable_progress_bar()
transformers_logging.set_verbosity_error()

PROCESSOR_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "preprocessor_config.json",
    "processor_config.json",
)


def save_processor(processor: Processor, folder: Path, *, patch_size: int, max_length: int) -> None:
    """Write a processor whose tokenizer we trained, in the stock layout."""
    template = processor.template
    names = TokenNames(bos=template.bos_token, eos=template.eos_token)
    save_tokenizer(processor.tokenizer, folder, names=names, template=template.source, max_length=max_length)
    save_processor_configs(folder, processor.images, patch_size)


def save_weights(model: LlavaForConditionalGeneration, processor_folder: Path, folder: Path) -> None:
    """Write a model, with the processor files of another folder, as one stock folder, atomically.

    Names and settings are the ones that every version of transformers, vLLM and SGLang reads.

    Raises:
        DataError: there is something at ``folder`` already.
        MachineError: the disk is full; nothing is left at ``folder``.
    """
    with atomic_folder(folder) as partial:
        sums = write_shards(_portable_tensors(model), partial)
        (partial / PROGRESS).unlink()
        write_json(partial / "config.json", portable_config(model.config, NumberType.of(model.dtype)))
        write_json(partial / "generation_config.json", _generation_settings(model))
        for name in PROCESSOR_FILES:
            # A processor that transformers saved has its image settings inside processor_config.json.
            if (processor_folder / name).exists():
                shutil.copyfile(processor_folder / name, partial / name)
        write_sums(partial, sums)


def _portable_tensors(model: LlavaForConditionalGeneration) -> dict[str, LazyTensor]:
    """Return the tensors of a network by their names on disk; a head that is the embedding stands there once."""
    state = model.state_dict()
    if model.lm_head.weight is model.get_input_embeddings().weight:
        state.pop("lm_head.weight")
    return {portable_name(name): _in_memory(name, tensor) for name, tensor in state.items()}


def _in_memory(name: str, tensor: Tensor) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.of(tensor.dtype), tuple(tensor.shape)), tensor.cpu, (name,))


def _generation_settings(model: LlavaForConditionalGeneration) -> dict[str, Any]:
    settings = model.generation_config.to_diff_dict()
    settings.pop("_from_model_config", None)  # with it, some versions derive them from config.json again
    return settings


def load_weights(folder: Path) -> tuple[LlavaForConditionalGeneration, Processor]:
    """Load model and processor of a stock LLaVA folder.

    Raises:
        WeightsError: the folder is not a LLaVA folder, or a file is damaged, missing or leaves weights unset.
    """
    config = read_config(folder)
    if config.get("model_type") != "llava":
        raise WeightsError(
            f"{folder / 'config.json'}",
            got=f"model_type {config.get('model_type')!r}",
            expected="'llava'",
            do="name the weights of a LlavaForConditionalGeneration",
        )
    try:
        settings = LlavaConfig.from_dict(config)
        _require_layers(settings, folder)
        loaded = LlavaForConditionalGeneration.from_pretrained(
            folder,
            config=settings,
            generation_config=_generation(folder),
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
        )
    except WeightsError:
        raise
    except Exception as error:  # transformers and safetensors raise many kinds for damaged files
        raise WeightsError(
            f"{folder}",
            got=f"{type(error).__name__}: {error}",
            expected="readable safetensors",
            do="copy the folder again",
        ) from error
    model, info = cast("tuple[LlavaForConditionalGeneration, dict[str, Any]]", loaded)
    mismatched = [name for name, *_ in info["mismatched_keys"]]
    wrong = sorted([*info["missing_keys"], *info["unexpected_keys"], *mismatched])
    if wrong:
        raise WeightsError(
            f"{folder}",
            got=f"{len(wrong)} tensors that do not fit, the first {wrong[0]}",
            expected="every tensor of the network, and no other",
            do="copy the folder again",
        )
    return model.eval(), Processor.from_folder(folder)


def _generation(folder: Path) -> GenerationConfig | None:
    """Return the ways of decoding; None where the folder says nothing of them, and transformers derives them."""
    settings = read_settings(folder, "generation_config.json")
    return GenerationConfig.from_dict(settings) if settings else None


def _require_layers(config: LlavaConfig, folder: Path) -> None:
    tower, said = cast("CLIPVisionConfig", config.vision_config), config.vision_feature_layer
    for layer in [said] if isinstance(said, int) else said:
        require_layer(layer, tower.num_hidden_layers, f"{folder / 'config.json'}")


def read_config(folder: Path) -> dict[str, Any]:
    """Read ``config.json``.

    Raises:
        WeightsError: it is missing or not JSON.
    """
    path = folder / "config.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{path}", got=str(error), expected="the configuration of a model", do="name a folder with weights"
        ) from error
