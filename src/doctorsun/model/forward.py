"""The training forward pass over stock modules: nothing is computed that no loss needs."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.model.attention import Document, PackLayout
from doctorsun.model.flops import Work, seen_pairs
from doctorsun.model.language_pass import LanguagePass
from doctorsun.model.parts import num_used_vision_layers


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """One packed sequence with its images.

    Attributes:
        targets: the token that follows each supervised position.
        supervised: index of the positions whose next token counts.
        origins: whose loss each target adds to.
    """

    ids: Int[Tensor, " seq"]
    positions: Int[Tensor, " seq"]
    layout: PackLayout
    pixels: UInt8[Tensor, "images 3 height width"]
    supervised: Int[Tensor, " targets"]
    targets: Int[Tensor, " targets"]
    origins: Int[Tensor, " targets"]

    @property
    def num_targets(self) -> int:
        """Tokens in the loss."""
        return len(self.targets)

    @property
    def num_tokens(self) -> int:
        """Tokens of the sequence."""
        return len(self.ids)

    @property
    def work(self) -> Work:
        """What the network computes."""
        images = len(self.pixels)
        return Work(self.num_tokens, seen_pairs(self.layout.documents), self.num_targets, images, projected=images)

    def to(self, device: torch.device) -> "PackedBatch":
        """Move everything to a device."""
        return PackedBatch(
            self.ids.to(device),
            self.positions.to(device),
            self.layout.to(device),
            self.pixels.to(device),
            self.supervised.to(device),
            self.targets.to(device),
            self.origins.to(device),
        )


class PackedForward:
    """Runs packed sequences through a LLaVA whose language model uses packed attention.

    Args:
        model: its trainable parts are set already: a frozen tower is run without a graph.
        image_mean: per channel, for pixel values in [0, 1].
        image_std: per channel, for pixel values in [0, 1].

    Raises:
        WeightsError: the projector reads several layers of the tower.
    """

    def __init__(
        self, model: LlavaForConditionalGeneration, *, image_mean: tuple[float, ...], image_std: tuple[float, ...]
    ) -> None:
        self.model = model
        self.parts = model.model
        self.language = LanguagePass(model)
        device = model.device
        self.mean = torch.tensor(image_mean, device=device).view(1, 3, 1, 1)
        self.std = torch.tensor(image_std, device=device).view(1, 3, 1, 1)
        config = model.config
        self.num_vision_layers = num_used_vision_layers(model)
        self.first_patch = 1 if config.vision_feature_select_strategy == "default" else 0  # the class token comes first
        self.num_patches = model.config.image_seq_length
        self.vision_trains = any(p.requires_grad for p in self.parts.vision_tower.parameters())

    def logits(self, batch: PackedBatch) -> Float[Tensor, "targets vocab"]:
        """Return the logits of the supervised positions only."""
        return self._language(batch, None)

    def losses(self, batch: PackedBatch) -> Float[Tensor, " targets"]:
        """Return the cross-entropy of each target, in 32 bits."""
        return self._language(batch, batch.targets)

    def idle(self) -> Float[Tensor, ""]:
        """Pass one token through the language model for a loss of 0.

        A rank that has nothing left to compute so takes part in gathering and reducing what is sharded.
        """
        zero = torch.zeros(1, dtype=torch.int64, device=self.mean.device)
        return 0.0 * self.language(zero, zero, PackLayout.of((Document(0, 0, (1,)),)), zero).sum()

    def visual_tokens(self, pixels: UInt8[Tensor, "images 3 height width"]) -> Float[Tensor, "images tokens dim"]:
        """Encode and project images."""
        return self.parts.multi_modal_projector(self.vision_features(pixels))

    def vision_features(self, pixels: UInt8[Tensor, "images 3 height width"]) -> Float[Tensor, "images patches dim"]:
        """Run the tower up to the selected layer, the rest of it feeds nothing; a frozen tower builds no graph."""
        tower = self.parts.vision_tower
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.vision_trains):
            hidden = tower.pre_layrnorm(tower.embeddings((pixels.float() / 255 - self.mean) / self.std))
            for layer in tower.encoder.layers[: self.num_vision_layers]:
                hidden = layer(hidden, None)
        return hidden[:, self.first_patch :]

    def _language(self, batch: PackedBatch, targets: Int[Tensor, " targets"] | None) -> Tensor:
        visual = self.visual_tokens(batch.pixels).flatten(0, 1) if len(batch.pixels) else None
        return self.language(batch.ids, batch.positions, batch.layout, batch.supervised, visual, targets=targets)
