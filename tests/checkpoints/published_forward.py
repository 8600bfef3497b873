"""The forward pass of the published LLaVA classes, written plainly: tower, projector, embeddings, language model.

Source: haotian-liu/LLaVA@c121f04, multimodal_encoder/clip_encoder.py (``feature_select``) and llava_arch.py
(``encode_images``, ``prepare_inputs_labels_for_multimodal``); GMAI-VL's modeling_llava.py does the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, CLIPVisionConfig, CLIPVisionModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLlava:
    """The three parts by plain names: the tower's with ``vision_model``, the projector's ``0`` and ``2``."""

    tower: Mapping[str, Tensor]
    tower_config: Mapping[str, Any]
    projector: Mapping[str, Tensor]
    language: Mapping[str, Tensor]
    language_config: Mapping[str, Any]
    feature_layer: int = -2
    with_class_token: bool = False

    @torch.no_grad()
    def logits(self, ids: Tensor, image_at: int, pixels: Tensor) -> Tensor:
        """Return logits ``[1, tokens, vocabulary]`` where the features of an image stand before the id ``image_at``."""
        decoder = AutoModelForCausalLM.from_config(AutoConfig.for_model(**self.language_config))
        decoder.load_state_dict(dict(self.language))
        words = decoder.get_input_embeddings()(ids)
        embeds = torch.cat([words[:image_at], self.features(pixels), words[image_at:]])
        return decoder.eval()(inputs_embeds=embeds[None]).logits

    @torch.no_grad()
    def features(self, pixels: Tensor) -> Tensor:
        """Return what the projector makes of one image, ``[tokens, hidden]``."""
        tower = CLIPVisionModel(CLIPVisionConfig(**self.tower_config))
        tower.load_state_dict({name.removeprefix("vision_model."): each for name, each in self.tower.items()})
        states = tower.eval()(pixels, output_hidden_states=True).hidden_states[self.feature_layer][0]
        hidden, vision = self.projector["0.weight"].shape
        projector = nn.Sequential(nn.Linear(vision, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        projector.load_state_dict(dict(self.projector))
        return projector(states if self.with_class_token else states[1:])


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors below a prefix, without it."""
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}
