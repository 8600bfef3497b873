"""The network of a recipe: its size by preset, its start and its tokenizer."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from doctorsun.config.section import Section


class TokenizerSection(Section):
    """How the tokenizer is made when the weights bring none."""

    vocab_size: Annotated[int, Field(ge=384, le=262_144)] = 4096
    """Entries of the byte-level BPE that is trained on the run's own text, special tokens not counted."""


class ModelSection(Section):
    """Which network is trained."""

    preset: str | None = None
    """Name of a set of sizes; see ``doctorsun.model.presets``."""
    init: str | None = None
    """Folder of weights to start from (its tokenizer and image settings come with it)."""
    tokenizer: TokenizerSection = TokenizerSection()
    fit: Literal["crop", "pad"] = "crop"
    """How images enter that are not square: ``crop`` as CLIP does, ``pad`` as LLaVA-1.5 does; not with ``init``."""

    @model_validator(mode="after")
    def _has_a_start(self) -> "ModelSection":
        if self.preset is None and self.init is None:
            raise ValueError("a model needs 'preset' (sizes, random start) or 'init' (a weights folder)")
        return self
