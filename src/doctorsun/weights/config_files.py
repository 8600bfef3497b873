"""``config.json`` and ``generation_config.json`` of a LLaVA, as transformers 4.4x and 5, vLLM and SGLang read them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from transformers import AutoConfig, CLIPVisionConfig, LlavaConfig, PreTrainedConfig
from transformers import __version__ as transformers_version
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, MODEL_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from doctorsun.errors import WeightsError
from doctorsun.weights.language_geometry import LANGUAGE_MODELS
from doctorsun.weights.parts import FeatureStrategy, Parts
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.unsaid import FEATURE_LAYER

transformers_logging.set_verbosity_error()  # what is wrong with settings is told by our errors

# What a folder says of itself for others to act on: never taken over.
NOT_SETTINGS = ("architectures", "auto_map", "_name_or_path", "transformers_version", "torch_dtype", "dtype")


def llava_config(parts: Parts, *, image_id: int, pad_id: int) -> LlavaConfig:
    """Describe the network that these parts make.

    Args:
        parts: complete; the rows of the embedding are the size of the vocabulary.
        image_id: id of the token whose places the visual features take.
        pad_id: id of the token that fills up.

    Raises:
        WeightsError: a setting is wrong, or the language model is of a kind that is not known here.
    """
    tensors = parts.language.tensors
    is_tied = "lm_head.weight" not in tensors
    text: dict[str, Any] = _config(parts.language.config) | {
        "vocab_size": tensors["model.embed_tokens.weight"].header.shape[0],
        "tie_word_embeddings": is_tied,
        "pad_token_id": pad_id,
    }
    vision = _config(parts.vision.config)
    layer, strategy = parts.projector.feature_layer, parts.projector.feature_strategy
    try:
        tower = CLIPVisionConfig(**vision)
        return LlavaConfig(
            vision_config=tower,
            text_config=AutoConfig.for_model(**text),
            image_token_index=image_id,
            image_seq_length=num_visual_tokens(tower, strategy),
            vision_feature_layer=FEATURE_LAYER if layer is None else layer,
            vision_feature_select_strategy=strategy,
            multimodal_projector_bias="linear_1.bias" in parts.projector.tensors,
            tie_word_embeddings=is_tied,
        )
    except Exception as error:  # transformers and huggingface_hub raise many kinds for settings that do not fit
        raise WeightsError(
            "the configuration of these weights",
            got=f"{type(error).__name__}: {' '.join(str(error).split())}",
            expected=f"settings of a CLIP tower and of one of {', '.join(LANGUAGE_MODELS)}",
            do="mend config.json, or give the settings with --vision-config or --text-config",
        ) from error


def num_visual_tokens(tower: CLIPVisionConfig, strategy: FeatureStrategy) -> int:
    """Return how many tokens one image becomes."""
    patches = (cast("int", tower.image_size) // cast("int", tower.patch_size)) ** 2
    return patches + (strategy == "full")  # with the class token


def portable_config(config: LlavaConfig, dtype: NumberType) -> dict[str, Any]:
    """Return ``config.json``, with every setting under the names that old and new readers know."""
    text, vision = cast("PreTrainedConfig", config.text_config), cast("PreTrainedConfig", config.vision_config)
    types = {"dtype": f"{dtype}", "torch_dtype": f"{dtype}"}
    outer = _settings(config)
    outer.pop("vision_config")
    outer.pop("text_config")
    return (
        outer
        | types
        | {
            "architectures": ["LlavaForConditionalGeneration"],
            "image_token_id": config.image_token_id,
            "image_token_index": config.image_token_id,
            "pad_token_id": text.pad_token_id,
            "text_config": _settings(text) | _rope(text) | types | _class(text, MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
            "vision_config": _settings(vision) | types | _class(vision, MODEL_MAPPING_NAMES),
            "transformers_version": transformers_version,
        }
    )


def generation_config(
    published: Mapping[str, Any], *, bos_id: int | None, stop_ids: Sequence[int], pad_id: int
) -> dict[str, Any]:
    """Return ``generation_config.json``: the published ways of decoding, ended by our stop ids.

    Args:
        published: what the language model came with.
        bos_id: id of the token that begins a document; None where there is none.
        stop_ids: ids that end an answer.
        pad_id: id of the token that fills up.
    """
    kept = {name: value for name, value in published.items() if name not in {"_from_model_config", *NOT_SETTINGS}}
    begin = {} if bos_id is None else {"bos_token_id": bos_id}
    ends = {"eos_token_id": list(stop_ids), "pad_token_id": pad_id}
    return kept | begin | ends | {"transformers_version": transformers_version}


def _config(settings: Mapping[str, Any]) -> dict[str, Any]:
    # A copy: transformers writes into the dictionaries that it is given.
    return {name: deepcopy(value) for name, value in settings.items() if name not in NOT_SETTINGS}


def _settings(config: PreTrainedConfig) -> dict[str, Any]:
    """Return what a configuration says of its network, in full: old and new readers differ in what they assume."""
    general = {*PreTrainedConfig().to_dict(), *NOT_SETTINGS} - {"tie_word_embeddings", "model_type"}
    settings = {name: value for name, value in config.to_dict().items() if name not in general}
    return settings | {"model_type": config.model_type}


def _class(config: PreTrainedConfig, names: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the class of a part, which vLLM before 0.32 does not find by itself."""
    name = names.get(config.model_type)
    return {"architectures": [name]} if isinstance(name, str) else {}


def _rope(text: PreTrainedConfig) -> dict[str, Any]:
    """Return the rotary embedding as transformers 5 reads it, and as readers before it do."""
    said = getattr(text, "rope_parameters", None) or {}
    if "rope_type" not in said:  # a language model of another kind, which places its tokens in its own way
        return {}
    parameters = {name: value for name, value in said.items() if name != "type"}
    scaling = {name: value for name, value in parameters.items() if name != "rope_theta"}
    return {
        "rope_parameters": parameters,
        "rope_scaling": None if scaling["rope_type"] == "default" else scaling,
        "rope_theta": parameters["rope_theta"],
    }
