"""From the names in published files to parts and the names inside them; what no part needs is left over."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor, lazy_tensor
from doctorsun.weights.tensors.tensor_files import TensorFiles

PartName = Literal["vision", "projector", "language"]

COUNTED_ANEW: Mapping[str, str] = {
    ".embeddings.position_ids": "numbers of the places, counted anew",
    ".rotary_emb.inv_freq": "rotary frequencies, computed from the settings",
}
"""Buffers that transformers kept in files once, by the end of their names."""

TIED = "the settings tie it to model.embed_tokens.weight"


@dataclass(frozen=True, slots=True)
class NameRule:
    """One way to a name inside a part.

    Attributes:
        part: the part that it leads to.
        pattern: of the whole published name.
        name: inside the part; groups of the pattern as ``re.Match.expand`` writes them.
    """

    part: PartName
    pattern: re.Pattern[str]
    name: str


@dataclass(slots=True)
class GroupedTensors:
    """Tensors by part and by their names inside it.

    Attributes:
        left_over: reasons, by published name.
    """

    vision: dict[str, LazyTensor] = field(default_factory=dict[str, LazyTensor])
    projector: dict[str, LazyTensor] = field(default_factory=dict[str, LazyTensor])
    language: dict[str, LazyTensor] = field(default_factory=dict[str, LazyTensor])
    left_over: dict[str, str] = field(default_factory=dict[str, str])

    def leave_tied_head(self) -> LazyTensor | None:
        """Leave the head over, and return it where there is one: its configuration ties it to the embedding."""
        head = self.language.pop("lm_head.weight", None)
        if head is not None:
            self.left_over |= dict.fromkeys(head.sources, TIED)
        return head


def group_tensors(files: TensorFiles, rules: tuple[NameRule, ...], *, where: str) -> GroupedTensors:
    """Sort every tensor of files into parts by the first rule that fits; a name without a rule goes nowhere.

    Raises:
        WeightsError: two names lead to the same tensor.
    """
    grouped = GroupedTensors()
    for published in files.headers:
        reason = next((why for end, why in COUNTED_ANEW.items() if published.endswith(end)), None)
        if reason is not None:
            grouped.left_over[published] = reason
            continue
        for rule in rules:
            if match := rule.pattern.fullmatch(published):
                part: dict[str, LazyTensor] = getattr(grouped, rule.part)
                name = match.expand(rule.name)
                if name in part:
                    raise WeightsError(
                        f"{where}: {published}",
                        got=f"the tensor {name}, which {part[name].sources[0]} holds too",
                        expected="each tensor once",
                        do="check that the files are of one model",
                    )
                part[name] = lazy_tensor(files, published)
                break
    return grouped


def clip_rules(prefix: str) -> tuple[NameRule, ...]:
    """Return the rules for a CLIP tower behind a prefix (a pattern): transformers 5.6 dropped ``vision_model.``."""
    new = "embeddings|pre_layrnorm|encoder|post_layernorm"
    return (
        NameRule("vision", re.compile(rf"{prefix}(vision_model\..*)"), r"\1"),
        NameRule("vision", re.compile(rf"{prefix}((?:{new})\..*)"), r"vision_model.\1"),
    )
