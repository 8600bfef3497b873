"""The sizes of published parts that recipes name, so that a plan needs no hub."""

from typing import Any, NamedTuple

from doctorsun.config.model import ModelSection
from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.address import parse_address

Sizes = dict[str, Any]
"""Settings of a configuration of transformers."""

CLIP_L_336: Sizes = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
    "projection_dim": 768,
}
"""Source: config.json of openai/clip-vit-large-patch14-336."""
LLAMA_3_1_8B: Sizes = {
    "vocab_size": 128_256,
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
}
"""Source: config.json of meta-llama/Llama-3.1-8B."""
LLAMA_2_13B: Sizes = {
    "vocab_size": 32_000,
    "hidden_size": 5120,
    "intermediate_size": 13_824,
    "num_hidden_layers": 40,
    "num_attention_heads": 40,
    "num_key_value_heads": 40,
    "max_position_embeddings": 4096,
}
"""Source: config.json of meta-llama/Llama-2-13b-hf; FlagAlpha's Chinese chat model keeps its vocabulary."""
INTERNLM_2_5_7B: Sizes = {
    "vocab_size": 92_544,
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 32_768,
}
"""Source: config.json of internlm/internlm2_5-7b-chat."""


class Known(NamedTuple):
    """A part that is known by words in the name of its repository."""

    words: tuple[str, ...]
    sizes: Sizes


TOWERS = (Known(("clip-vit-large-patch14-336",), CLIP_L_336),)
LANGUAGE_MODELS = (
    Known(("llama3.1-8b",), LLAMA_3_1_8B),
    Known(("llama2-chinese-13b",), LLAMA_2_13B),
    Known(("llama2-13b",), LLAMA_2_13B),
    Known(("internlm2.5-7b",), INTERNLM_2_5_7B),
)


def published_sizes(model: ModelSection) -> tuple[Sizes, Sizes] | None:
    """Return the sizes of a recipe's tower and language model, by their names on a hub; None where one is not known."""
    vision, language = _find(model.vision, TOWERS), _find(model.language, LANGUAGE_MODELS)
    return None if vision is None or language is None else (vision, language)


def _find(text: str | None, known: tuple[Known, ...]) -> Sizes | None:
    name = _repository(text)
    return next((each.sizes for each in known if all(word in name for word in each.words)), None)


def _repository(text: str | None) -> str:
    """Return the name of a repository on a hub in one spelling: of its signs only those that tell sizes apart."""
    try:
        address = parse_address(text) if text is not None else None
    except (RecipeError, DataError):
        return ""
    if address is None:
        return ""
    name = address.repository.rpartition("/")[2].lower()
    return name.replace("_", ".").replace("llama-", "llama").replace("meta-", "")
