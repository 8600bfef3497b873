"""Settings that nobody says and that are taken all the same: each is told, with the value that is taken."""

from collections.abc import Iterator, Mapping

from doctorsun.weights.parts import ImageFit, LanguagePart, ProjectorPart

FIT: ImageFit = "crop"
"""How images enter where nobody says: CLIP's own way."""
FEATURE_LAYER = -2
"""Hidden state of the tower where nobody says: LLaVA-1.5's (arXiv 2310.03744) and xtuner's ``visual_select_layer``."""

_OF_ALL: Mapping[str, float] = {"rms_norm_eps": 1e-6, "rope_theta": 10000.0}
LANGUAGE: Mapping[str, Mapping[str, float]] = {
    "llama": {**_OF_ALL, "max_position_embeddings": 2048},
    "mistral": {**_OF_ALL, "max_position_embeddings": 131072},
    "qwen2": {**_OF_ALL, "max_position_embeddings": 32768},
}
"""What LlamaConfig, MistralConfig and Qwen2Config take where a configuration is silent, by type of the model."""
OPTIONS: Mapping[str, str] = {"rope_theta": "--rope-theta"}
WHOLE = "--text-config"


def strange_silence(language: LanguagePart | None, projector: ProjectorPart | None) -> tuple[str, ...]:
    """Return what the settings of these parts leave out, and what is taken instead.

    Args:
        language: its settings in the form of `doctorsun.weights.rope.plain_rope`; None where there is none.
        projector: None where there is none.
    """
    return (*_of_language(language), *_of_projector(projector))


def _of_language(part: LanguagePart | None) -> Iterator[str]:
    for name, value in LANGUAGE[part.config["model_type"]].items() if part else ():
        if part and part.config.get(name) is None:
            option = OPTIONS.get(name, WHOLE)
            yield f"nothing says {name}: {value} is taken, as transformers does; {option} if it was another"


def _of_projector(part: ProjectorPart | None) -> Iterator[str]:
    if part is not None and part.fit is None:
        yield f"nothing says how images entered: {FIT} is taken; --fit pad if they were padded to squares"
    if part is not None and part.feature_layer is None:
        yield f"nothing says which layer of the tower the projector reads: {FEATURE_LAYER} is taken, as LLaVA-1.5 does"
