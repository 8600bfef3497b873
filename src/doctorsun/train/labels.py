"""The objective of a tower that starts from nothing: it learns which facts hold, before any word is spoken."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, layer_norm

from doctorsun.errors import DataError, RecipeError
from doctorsun.model.forward import PackedForward
from doctorsun.schema import Sample

STRONGEST_SHARE = 0.7  # of the stage; the rest reads the mean
# Details of a finding that is present; each is a question with one value.
_DETAILS = ("side", "zone", "size_class", "count")
_OF_IMAGE = ("modality", "plane", "anatomy")


@dataclass(frozen=True, slots=True)
class Label:
    """One value of one question, such as ``nodule.side`` = ``left``."""

    question: str
    value: str


class LabelTable:
    """The labels that a set of facts can have; of a question with two values, one label says all."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self.labels = tuple(labels)

    @classmethod
    def of(cls, facts: Iterable[str]) -> "LabelTable":
        """Collect the labels of facts, given as JSON.

        Raises:
            RecipeError: no question has two values.
        """
        values: dict[str, set[str]] = {}
        for text in facts:
            for question, value in _answers(text):
                values.setdefault(question, set()).add(value)
        labels = [
            Label(question, value)
            for question, found in sorted(values.items())
            for value in (sorted(found)[1:] if len(found) == 2 else sorted(found))  # noqa: PLR2004
            if len(found) > 1
        ]
        if not labels:
            raise RecipeError(
                "a stage with 'objective: labels' finds nothing to learn",
                got="samples without facts, or whose facts are all alike",
                expected="images whose findings vary",
                do="take a source that was made from annotations",
            )
        return cls(labels)

    def encode(self, facts: str) -> Float[np.ndarray, " labels"]:
        """Return 1 for each label that holds, 0 where another value does, NaN where the facts do not tell."""
        answers = dict(_answers(facts))
        return np.array(
            [
                float(answers[label.question] == label.value) if label.question in answers else np.nan
                for label in self.labels
            ],
            dtype=np.float32,
        )


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """The hash of an image, and what is true of it."""

    images: tuple[str, ...]
    labels: Float[np.ndarray, " labels"]


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images with their labels; NaN where unknown."""

    pixels: UInt8[Tensor, "images 3 height width"]
    labels: Float[Tensor, "images labels"]
    num_tokens: int

    @property
    def num_targets(self) -> int:
        """Labels that are known."""
        return int((~self.labels.isnan()).sum())

    def to(self, device: torch.device) -> "LabelledImages":
        """Move everything to a device."""
        return LabelledImages(self.pixels.to(device), self.labels.to(device), self.num_tokens)


class LabelObjective:
    """A linear layer reads the tower: first the strongest patch of each feature, then the mean of all patches.

    The first finds small things quickly; the second spreads what was found over all patches, where the attention of an
    untrained language model, which is nearly even, reads it (docs/decisions/0004). The layers end with the stage.

    Args:
        forward: the network whose tower learns.
        table: the labels.
        pack_tokens: patches of one forward pass.
    """

    def __init__(self, forward: PackedForward, table: LabelTable, *, pack_tokens: int) -> None:
        self.forward = forward
        self.table = table
        self.images_per_batch = max(1, pack_tokens // forward.num_patches)
        width, device = forward.parts.vision_tower.config.hidden_size, forward.model.device
        self.heads = {name: nn.Linear(width, len(table.labels), device=device) for name in ("strongest", "mean")}
        for head in self.heads.values():  # no opinion at first, whatever the random state
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """The two linear layers."""
        return {
            f"label_head.{name}.{key}": parameter
            for name, head in self.heads.items()
            for key, parameter in head.named_parameters()
        }

    def item(self, sample: Sample) -> LabelledItem:
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
        return LabelledItem((sample.images[0].sha256,), self.table.encode(sample.facts))

    def batches(
        self, items: Sequence[LabelledItem], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]
    ) -> tuple[LabelledImages, ...]:
        """Stack the images of a step."""
        parts = [items[i : i + self.images_per_batch] for i in range(0, len(items), self.images_per_batch)]
        return tuple(
            LabelledImages(
                torch.from_numpy(np.stack([pixels[item.images[0]] for item in part])),
                torch.from_numpy(np.stack([item.labels for item in part])),
                len(part) * self.forward.num_patches,
            )
            for part in parts
        )

    def loss(self, batch: LabelledImages, *, step_targets: int, progress: float) -> Float[Tensor, ""]:
        """Return the binary cross-entropy of a batch over the step's number of known labels."""
        patches = self.forward.vision_features(batch.pixels)
        reading, features = ("strongest", patches.amax(1)) if progress < STRONGEST_SHARE else ("mean", patches.mean(1))
        logits = self.heads[reading](layer_norm(features, features.shape[-1:])).float()
        known = ~batch.labels.isnan()
        return binary_cross_entropy_with_logits(logits[known], batch.labels[known], reduction="sum") / step_targets


def _answers(facts: str) -> Iterator[tuple[str, str]]:
    """Yield each question that facts answer, with its value."""
    known: dict[str, Any] = json.loads(facts) if facts else {}
    for question in _OF_IMAGE:
        if known.get(question):
            yield question, str(known[question])
    for name, value in known.get("attributes", {}).items():
        yield name, str(value)
    for finding in known.get("findings", []):
        yield finding["name"], str(finding["present"])
        for detail in _DETAILS:
            if finding["present"] and finding[detail]:
                yield f"{finding['name']}.{detail}", str(finding[detail])
