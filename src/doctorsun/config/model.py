"""The network of a recipe: its size by preset, or its start from weights or their parts, and its tokenizer."""

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
    """Weights of a whole LLaVA to start from, in any layout that can be imported: a folder, a file or an address on a
    hub (``hf:owner/name@revision``, ``ms:owner/name@revision``); their tokenizer and image settings come with them."""
    vision: str | None = None
    """The vision tower to start from, alone or within more: as ``init``; with ``language``, in place of ``init``."""
    language: str | None = None
    """The language model to start from, with its tokenizer: as ``vision``."""
    projector: str | None = None
    """The projector between the two: as ``vision``; a random one, by the recipe's seed, when not given."""
    chat: str | None = None
    """Name of the chat template, where ``init`` or ``language`` does not tell it."""
    vision_config: str | None = None
    """JSON file with the settings of the vision tower, where its weights do not tell them."""
    tokenizer: TokenizerSection = TokenizerSection()
    fit: Literal["crop", "pad"] = "crop"
    """How images enter that are not square: ``crop`` as CLIP does, ``pad`` as LLaVA-1.5 does; weights that a recipe
    starts from tell it themselves, unless it is given."""

    @property
    def parts(self) -> dict[str, str]:
        """The parts to start from, by their names."""
        named = {"vision": self.vision, "language": self.language, "projector": self.projector}
        return {name: text for name, text in named.items() if text is not None}

    @property
    def given_fit(self) -> Literal["crop", "pad"] | None:
        """How images enter, where the recipe itself says it."""
        return self.fit if "fit" in self.model_fields_set else None

    @model_validator(mode="after")
    def _has_a_start(self) -> "ModelSection":
        if self.preset is None and self.init is None and not self.parts:
            raise ValueError(
                "a model needs 'preset' (sizes, random start), 'init' (weights), or 'vision' and 'language' (parts)"
            )
        return self
