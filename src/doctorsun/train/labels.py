"""The objective of a tower that starts from nothing: it learns which facts hold, before any word is spoken."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, layer_norm

from doctorsun.errors import DataError
from doctorsun.model.flops import Work
from doctorsun.model.forward import PackedForward
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.schema import Sample
from doctorsun.train.label_table import LabelTable
from doctorsun.train.share import spread
from doctorsun.train.tally import LossTally

PATCH_WEIGHT = 0.4  # of a patch's label beside an image's
PATCH_PRIOR = 0.05  # few patches hold a finding: a low start keeps the many empty ones quiet (arXiv 1708.02002, 3.3)


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """The hash of an image, and what is true of it; NaN where unknown.

    Attributes:
        patch_labels: for each finding that has boxes, how much of it each patch holds.
    """

    images: tuple[str, ...]
    labels: Float[np.ndarray, " labels"]
    patch_labels: Float[np.ndarray, "findings patches"]
    origin: int = 0
    lost_turns: int = 0


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images with what is true of each and of each of its patches; NaN where unknown."""

    pixels: UInt8[Tensor, "images 3 height width"]
    labels: Float[Tensor, "images labels"]
    patch_labels: Float[Tensor, "images findings patches"]
    origins: Int[Tensor, " images"]

    @property
    def num_targets(self) -> int:
        """Labels of images that are known."""
        return int((~self.labels.isnan()).sum())

    @property
    def num_tokens(self) -> int:
        """Patches."""
        return len(self.pixels) * self.patch_labels.shape[2]

    @property
    def work(self) -> Work:
        """What the network computes."""
        return Work(images=len(self.pixels))

    def to(self, device: torch.device) -> "LabelledImages":
        """Move everything to a device."""
        return LabelledImages(
            self.pixels.to(device), self.labels.to(device), self.patch_labels.to(device), self.origins.to(device)
        )


class LabelObjective:
    """Two linear layers read the tower: one the strongest patch of each feature, the other every patch.

    The first learns what holds of the image, the second where the findings are that have boxes. Both end with the
    stage (docs/decisions/0004).

    Args:
        forward: the network whose tower learns.
        table: the labels.
        images: how images and their boxes are fitted to the tower.
        pack_tokens: patches of one forward pass.
    """

    measures: tuple[str, ...] = ()

    def __init__(self, forward: PackedForward, table: LabelTable, images: ImageProcessor, *, pack_tokens: int) -> None:
        self.forward = forward
        self.table = table
        self.images = images
        self.images_per_batch = max(1, pack_tokens // forward.num_patches)
        width, device = forward.parts.vision_tower.config.hidden_size, forward.model.device
        self.image_head = nn.Linear(width, len(table.labels), device=device)
        self.patch_head = nn.Linear(width, len(table.boxed_findings), device=device)
        for head, prior in ((self.image_head, 0.5), (self.patch_head, PATCH_PRIOR)):  # whatever the random state
            nn.init.zeros_(head.weight)
            nn.init.constant_(head.bias, math.log(prior / (1 - prior)))

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The two linear layers; of a layer without labels nothing."""
        heads = {"image": self.image_head, "patch": self.patch_head}
        return {
            f"label_head.{name}.{key}": parameter
            for name, head in heads.items()
            for key, parameter in head.named_parameters()
            if head.out_features
        }

    def item(self, sample: Sample, *, origin: int = 0) -> LabelledItem:
        """Look up the labels of a sample's image.

        Raises:
            DataError: it has not exactly one image, or no facts.
        """
        if len(sample.images) != 1 or not sample.facts:
            raise DataError(
                f"sample {sample.id}",
                got=f"{len(sample.images)} images and {'facts' if sample.facts else 'no facts'}",
                expected="one image with its facts",
                do="take a source that was made from annotations",
            )
        (image,) = sample.images
        frame = self.images.frame(image.width, image.height)
        boxes = tuple((item.label, frame.to_model(item.box_px)) for item in sample.objects)
        return LabelledItem(
            (image.sha256,),
            self.table.encode(sample.facts),
            self.table.encode_patches(sample.facts, boxes, math.isqrt(self.forward.num_patches)),
            origin,
        )

    def layout(self, items: Sequence[LabelledItem], num_ranks: int) -> list[list[list[LabelledItem]]]:
        """Give each rank as many images as the others, in stacks that fit one forward pass."""
        size = self.images_per_batch
        shares = [[items[place] for place in places] for places in spread([1.0] * len(items), num_ranks)]
        return [[share[i : i + size] for i in range(0, len(share), size)] for share in shares]

    def batch(
        self, items: Sequence[LabelledItem], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]
    ) -> LabelledImages:
        """Stack images."""
        return LabelledImages(
            torch.from_numpy(np.stack([pixels[item.images[0]] for item in items])),
            torch.from_numpy(np.stack([item.labels for item in items])),
            torch.from_numpy(np.stack([item.patch_labels for item in items])),
            torch.tensor([item.origin for item in items]),
        )

    def loss(self, batch: LabelledImages, *, step_targets: int, tally: LossTally | None = None) -> Float[Tensor, ""]:
        """Return the binary cross-entropy of a batch over the step's number of known labels."""
        patches = self.forward.vision_features(batch.pixels)
        of_images = self.image_head(layer_norm(patches.amax(1), patches.shape[-1:]))
        of_patches = self.patch_head(layer_norm(patches, patches.shape[-1:])).transpose(1, 2)
        losses = _known_losses(of_images, batch.labels)
        losses = losses + PATCH_WEIGHT * _known_losses(of_patches.flatten(1), batch.patch_labels.flatten(1))
        if tally is not None:
            tally.add(batch.origins, losses, (~batch.labels.isnan()).sum(1))
        return losses.sum() / step_targets


def _known_losses(
    logits: Float[Tensor, "images labels"], labels: Float[Tensor, "images labels"]
) -> Float[Tensor, " images"]:
    """Add the binary cross-entropy of each image up where its labels are known."""
    known = ~labels.isnan()
    losses = binary_cross_entropy_with_logits(logits.float(), labels.nan_to_num(), reduction="none")
    return losses.where(known, 0.0).sum(1)
