"""Facts of the parts of published weights, as ``weights inspect`` tells them; None is what nobody says."""

from typing import Any

from doctorsun.errors import WeightsError
from doctorsun.processor.tokenizer import stop_ids
from doctorsun.weights.loading import family_of
from doctorsun.weights.parts import LanguagePart, ProjectorPart, Published, VisionPart
from doctorsun.weights.special_ids import own_ends, strange_ids
from doctorsun.weights.vocabulary import Vocabulary

Facts = dict[str, Any]


def facts_of_parts(published: Published, words: Vocabulary | WeightsError | None) -> Facts:
    """Return sizes, image geometry, rotary positions, vocabulary and special tokens.

    Args:
        published: what weights hold.
        words: the tokens of their language model, or what is wrong with them; None where there are none.
    """
    language = published.language
    return {
        "vision": _vision(published.vision),
        "image": _image(published.vision, published.projector),
        "language": _language(language),
        "rope": language
        and {"theta": language.config.get("rope_theta"), "scaling": language.config.get("rope_scaling")},
        **_words(language, words),
    }


def strange_words(part: LanguagePart | None, words: Vocabulary | WeightsError | None) -> tuple[str, ...]:
    """Return where the settings of a language model name special tokens that are not its tokenizer's."""
    if part is None or not isinstance(words, Vocabulary):
        return ()
    family = family_of(part, words)
    ends = own_ends(words, family.ends_turns if family else "")
    return strange_ids(part, bos_id=words.ids.get(words.special["bos"]), ends=ends)


def _vision(part: VisionPart | None) -> Facts | None:
    names = {
        "hidden_size": "hidden_size",
        "layers": "num_hidden_layers",
        "heads": "num_attention_heads",
        "activation": "hidden_act",
    }
    return part and {ours: part.config.get(name) for ours, name in names.items()}


def _image(vision: VisionPart | None, projector: ProjectorPart | None) -> Facts | None:
    facts: Facts = {}
    if vision is not None:
        size, patch = vision.config["image_size"], vision.config["patch_size"]
        has_class = projector is not None and projector.feature_strategy == "full"
        facts = {
            "size_px": size,
            "patch_px": patch,
            "visual_tokens": (size // patch) ** 2 + has_class,
            "mean": vision.image_mean and list(vision.image_mean),
            "std": vision.image_std and list(vision.image_std),
        }
    if projector is not None:
        facts |= {
            "fit": projector.fit,
            "feature_layer": projector.feature_layer,
            "feature_strategy": projector.feature_strategy,
        }
    return facts or None


def _language(part: LanguagePart | None) -> Facts | None:
    return part and {
        "model_type": part.config["model_type"],
        "hidden_size": part.config["hidden_size"],
        "layers": part.config["num_hidden_layers"],
        "heads": part.config["num_attention_heads"],
        "kv_heads": part.config["num_key_value_heads"],
        "positions": part.config.get("max_position_embeddings"),
        "tied": "lm_head.weight" not in part.tensors,
    }


def _words(part: LanguagePart | None, words: Vocabulary | WeightsError | None) -> Facts:
    """Return vocabulary, special tokens and chat template; the tokenizer's fault where it has one."""
    if part is None or words is None:
        return {"vocabulary": None, "special_tokens": None, "chat": part and part.chat}
    if isinstance(words, WeightsError):
        return {"vocabulary": {"fault": words.text()}, "special_tokens": None, "chat": part.chat}
    family = family_of(part, words)
    ends = own_ends(words, family.ends_turns if family else "")
    return {
        "vocabulary": {
            "file": words.file,
            "tokens": len(words.ids),
            "highest_id": words.num_ids - 1,
            "embedding_rows": part.tensors["model.embed_tokens.weight"].header.shape[0],
        },
        "special_tokens": {**words.told(), "stop_ids": list(stop_ids(words.stop_ids, ends))},
        "chat": family and family.name,
    }
