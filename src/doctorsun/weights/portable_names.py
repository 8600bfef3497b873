"""The names that tensors have on disk, which every transformers, vLLM and SGLang reads, whatever they are in memory."""

from typing import TYPE_CHECKING

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

if TYPE_CHECKING:
    from transformers import LlavaConfig

VISION, PROJECTOR, LANGUAGE = "vision_tower.", "multi_modal_projector.", "language_model."
HEAD, EMBEDDING = f"{LANGUAGE}lm_head.weight", f"{LANGUAGE}model.embed_tokens.weight"

# In memory since transformers 4.52 (modeling_llava.py); the tower lost its own `vision_model.` in 5.6 (pull 44431).
IN_MEMORY = (
    ("model.language_model.", f"{LANGUAGE}model."),
    ("lm_head.", f"{LANGUAGE}lm_head."),
    ("model.multi_modal_projector.", PROJECTOR),
    ("model.vision_tower.vision_model.", f"{VISION}vision_model."),
    ("model.vision_tower.", f"{VISION}vision_model."),
)


def portable_name(name: str) -> str:
    """Return the name on disk of a tensor of a `LlavaForConditionalGeneration` in memory."""
    for prefix, portable in IN_MEMORY:
        if name.startswith(prefix):
            return portable + name.removeprefix(prefix)
    return name


def expected_headers(config: "LlavaConfig", dtype: NumberType) -> dict[str, TensorHeader]:
    """Return every tensor that a folder of this configuration holds, by its name on disk; a tied head is not stored.

    Raises:
        WeightsError: no network can be made of these settings.
    """
    import torch
    from transformers import LlavaForConditionalGeneration

    try:
        with torch.device("meta"):
            state = LlavaForConditionalGeneration(config).state_dict()
    except Exception as error:  # whatever the classes of its parts raise for a setting that they cannot use
        raise WeightsError(
            "the configuration of these weights",
            got=f"{type(error).__name__}: {error}",
            expected="settings of which transformers makes a network",
            do="mend config.json, or give the settings with --vision-config or --text-config",
        ) from error
    headers = {portable_name(name): TensorHeader(dtype, tuple(tensor.shape)) for name, tensor in state.items()}
    if config.tie_word_embeddings:
        headers.pop(HEAD)
    return headers
