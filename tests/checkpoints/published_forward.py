"""The forward pass of the published LLaVA classes, written plainly: tower, projector, embeddings, language model.

Source: haotian-liu/LLaVA@c121f04, multimodal_encoder/clip_encoder.py (``feature_select``) and llava_arch.py
(``encode_images``, ``prepare_inputs_labels_for_multimodal``); GMAI-VL's modeling_llava.py does the same.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    CLIPVisionModel,
)

from checkpoints.unmerged import Changes, add_changes

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLlava:
    """The three parts by plain names: the tower's with ``vision_model``, the projector's ``0`` and ``2``.

    Changes of the tower and of the language model run beside them, by module.
    """

    tower: Mapping[str, Tensor]
    tower_config: Mapping[str, Any]
    projector: Mapping[str, Tensor]
    language: Mapping[str, Tensor]
    language_config: Mapping[str, Any]
    feature_layer: int = -2
    with_class_token: bool = False
    tower_changes: Changes = field(default_factory=dict)
    language_changes: Changes = field(default_factory=dict)

    @torch.no_grad()
    def logits(self, ids: Tensor, image_at: int, pixels: Tensor) -> Tensor:
        """Return logits ``[1, tokens, vocabulary]`` where the features of an image stand before the id ``image_at``."""
        settings = deepcopy(dict(self.language_config))  # transformers writes into what it is given
        config = AutoConfig.for_model(**settings)
        decoder = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        decoder.load_state_dict(dict(self.language))
        add_changes(decoder, self.language_changes)
        words = decoder.get_input_embeddings()(ids)
        embeds = torch.cat([words[:image_at], self.features(pixels), words[image_at:]])
        return decoder.eval()(inputs_embeds=embeds[None]).logits

    @torch.no_grad()
    def features(self, pixels: Tensor) -> Tensor:
        """Return what the projector makes of one image, ``[tokens, hidden]``."""
        tower = CLIPVisionModel(CLIPVisionConfig(**self.tower_config))
        tower.load_state_dict(below(self.tower, "vision_model."))
        add_changes(tower, below(self.tower_changes, "vision_model."))
        states = tower.eval()(pixels, output_hidden_states=True).hidden_states[self.feature_layer][0]
        hidden, vision = self.projector["0.weight"].shape
        projector = nn.Sequential(nn.Linear(vision, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        projector.load_state_dict(dict(self.projector))
        return projector(states if self.with_class_token else states[1:])


def below(tensors: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """Return the tensors below a prefix, without it."""
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


@torch.no_grad()
def imported_logits(folder: Path, ids: Tensor, image_at: int, pixels: Tensor) -> Tensor:
    """Return logits of an imported folder, in plain transformers: the features stand at the ids of the image token."""
    model = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True).eval()
    places = torch.full((model.config.image_seq_length,), model.config.image_token_id)
    whole = torch.cat([ids[:image_at], places, ids[image_at:]])
    return model(input_ids=whole[None], pixel_values=pixels).logits


def require_equal_logits(published: PublishedLlava, folder: Path) -> None:
    """Require that an imported folder answers an image and a text as the published classes do."""
    generator = torch.Generator().manual_seed(7)
    side = published.tower_config["image_size"]
    ids = torch.randint(0, published.language_config["vocab_size"], (11,), generator=generator)
    pixels = torch.randn(1, 3, side, side, generator=generator)
    expected = published.logits(ids, 4, pixels)
    got = imported_logits(folder, ids, 4, pixels)[..., : expected.shape[-1]]  # rows that the import added
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)
    assert expected.std() > 0.1, "the reference tells nothing apart"
    blank = imported_logits(folder, ids, 4, torch.zeros_like(pixels))[..., : expected.shape[-1]]
    assert (blank - expected).abs().max() > 1e-2, "the image does not reach the answer"
