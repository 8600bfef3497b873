"""From the names that peft gives the tensors of an adapter to changes of the parts of a LLaVA.

Names: peft, ``utils/save_and_load.py`` (get_peft_model_state_dict) and ``tuners/lora/layer.py``; inside checkpoints of
a training the name of the adapter (``default``) stands in them, too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doctorsun.errors import WeightsError
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.lora_settings import LoraSettings
from doctorsun.weights.part_names import COUNTED_ANEW, NameRule, PartName, clip_rules
from doctorsun.weights.parts import Adapter, LowRankPair
from doctorsun.weights.tensors.tensor_files import TensorHeader

if TYPE_CHECKING:
    from torch import Tensor

PARTS: tuple[PartName, ...] = ("vision", "projector", "language")
PREFIX = "base_model.model."
FACTOR = re.compile(r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(?:\.default)?(?P<end>\.weight|)")
WRAPPED = re.compile(r"\.base_layer(?=\.)|\.modules_to_save(?:\.default)?(?=\.)")
KEPT_TWICE = ".modules_to_save."
OTHER_KIND = re.compile(
    r"\.(?:lora_(?!(?:embedding_)?[AB](?:\.default)?(?:\.weight)?$)|token_adapter\.|ia3_|oft_|hada_)"
)
UNUSED = (
    (re.compile(r"text_model\..*"), "a change of the text tower of CLIP"),
    (re.compile(r".*\.original_module\..*"), "the base's own, beside the trained one"),
    *((re.compile(rf".*{re.escape(end)}"), why) for end, why in COUNTED_ANEW.items()),
)

LANGUAGE_RULES = (
    NameRule("language", re.compile(r"(?:model\.\w+|lm_head|output)\..*"), r"\g<0>"),
    NameRule("language", re.compile(r"(?:embed_tokens|layers|norm|tok_embeddings)\..*"), r"model.\g<0>"),
)
"""A causal language model by its own names; InternLM2's head is ``output``."""

RULES = (
    *clip_rules(r"(?:model\.)?vision_tower\.(?:vision_tower\.)?"),
    NameRule("projector", re.compile(r"(?:model\.)?multi_modal_projector\.(.*)"), r"\1"),
    NameRule("projector", re.compile(r"model\.mm_projector\.0\.(.*)"), r"linear_1.\1"),
    NameRule("projector", re.compile(r"model\.mm_projector\.2\.(.*)"), r"linear_2.\1"),
    NameRule("language", re.compile(r"language_model\.((?:model|lm_head)\..*)"), r"\1"),
    NameRule("language", re.compile(r"model\.language_model\.(.*)"), r"model.\1"),
    *clip_rules(""),
    *LANGUAGE_RULES,
)
"""Networks that people train: transformers' LLaVA before and after 4.52 and 5.6, LLaVA's own, CLIP's tower, a language
model. The first that fits is taken; no name of one means another tensor in the next."""


@dataclass(slots=True)
class AdapterTensors:
    """Tensors by what they change.

    Attributes:
        factors: by module of the network, the sides A and B; the embedding's are turned.
        places: part and name of the weight, by module.
        replaced: by part, and by name inside it.
        left_over: reasons, by name in the files.
    """

    factors: dict[str, dict[str, LazyTensor]] = field(default_factory=dict[str, dict[str, LazyTensor]])
    places: dict[str, tuple[PartName, str]] = field(default_factory=dict[str, tuple[PartName, str]])
    replaced: dict[PartName, dict[str, LazyTensor]] = field(default_factory=dict[PartName, dict[str, LazyTensor]])
    left_over: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def lora_parts(self) -> tuple[PartName, ...]:
        """The parts that a LoRA changes."""
        return tuple(part for part in PARTS if part in {self.places[module][0] for module in self.factors})

    def adapters(
        self, settings: Callable[[PartName], LoraSettings | None], *, where: str, ask: str = ""
    ) -> tuple[Adapter, ...]:
        """Return one adapter for each part that is changed.

        Args:
            settings: of the LoRA, as it changes a part; None where nobody says them.
            where: file or folder of the LoRA.
            ask: the option by which a user says them.

        Raises:
            WeightsError: a factor stands alone, nobody says the settings, or they say another rank.
        """
        by_part = {part: settings(part) for part in self.lora_parts}
        pairs: dict[PartName, dict[str, LowRankPair]] = {}
        for module, sides in self.factors.items():
            part, name = self.places[module]
            _require_both(module, sides, where)
            pairs.setdefault(part, {})[name] = _pair(module, sides, by_part[part], where, ask)
        return tuple(
            Adapter(part=part, lora=where, pairs=pairs.get(part, {}), replaced=self.replaced.get(part, {}))
            for part in PARTS
            if part in pairs or part in self.replaced
        )


def sort_adapter(
    tensors: Mapping[str, LazyTensor], *, where: str, rules: tuple[NameRule, ...] = RULES
) -> AdapterTensors:
    """Sort the tensors of an adapter, or of a part that was trained whole; a name without a rule goes nowhere.

    Args:
        tensors: by the names of peft, with or without its ``base_model.model.``.
        where: file or folder, for messages.
        rules: from the names of the network that was trained to parts and the names inside them.

    Raises:
        WeightsError: the adapter is no plain LoRA, or two names lead to the same tensor.
    """
    sorted_ = AdapterTensors()
    for published, tensor in sorted(tensors.items(), key=lambda item: KEPT_TWICE in item[0]):
        inside = published.removeprefix(PREFIX)
        reason = next((why for pattern, why in UNUSED if pattern.fullmatch(inside)), None)
        if reason is not None:
            sorted_.left_over |= dict.fromkeys(tensor.sources, reason)
        elif OTHER_KIND.search(inside):
            raise WeightsError(
                f"{where}: {published}",
                got="a tensor of another kind of adapter (DoRA, trained tokens, biases of the LoRA, ...)",
                expected="a plain LoRA",
                do="join it with peft (merge_and_unload), where it was trained, and name the result",
            )
        elif match := FACTOR.fullmatch(inside):
            _add_factor(sorted_, match, tensor, rules)
        else:
            _add_replaced(sorted_, WRAPPED.sub("", inside), tensor, rules, where)
    return sorted_


def _add_factor(sorted_: AdapterTensors, match: re.Match[str], tensor: LazyTensor, rules: tuple[NameRule, ...]) -> None:
    place = _place(f"{match['module']}.weight", rules)
    if place is None:
        return
    side = match["side"]
    if match["embedding"]:
        # Of an embedding peft adds (B @ A) turned: A turned is what the change goes up by.
        side, tensor = "AB"[side == "A"], _turned(tensor)
    sorted_.places[match["module"]] = place
    sorted_.factors.setdefault(match["module"], {})[side] = tensor


def _add_replaced(
    sorted_: AdapterTensors, name: str, tensor: LazyTensor, rules: tuple[NameRule, ...], where: str
) -> None:
    place = _place(name, rules)
    if place is None:
        return
    part = sorted_.replaced.setdefault(place[0], {})
    if place[1] in part and KEPT_TWICE in tensor.sources[0]:
        sorted_.left_over |= dict.fromkeys(tensor.sources, "saved twice by peft, which does so with biases")
    elif place[1] in part:
        raise WeightsError(
            f"{where}: {tensor.sources[0]}",
            got=f"the tensor {place[1]}, which {part[place[1]].sources[0]} holds too",
            expected="each tensor once",
            do="save the adapter again",
        )
    else:
        part[place[1]] = tensor


def _place(name: str, rules: tuple[NameRule, ...]) -> tuple[PartName, str] | None:
    matches = ((rule, rule.pattern.fullmatch(name)) for rule in rules)
    return next(((rule.part, match.expand(rule.name)) for rule, match in matches if match), None)


def _require_both(module: str, sides: Mapping[str, LazyTensor], where: str) -> None:
    if len(sides) != 2:  # noqa: PLR2004 (A and B)
        raise WeightsError(
            f"{where}: {module}",
            got=f"lora_{next(iter(sides))} alone",
            expected="both factors",
            do="save the adapter again, or fetch all of its files",
        )


def _pair(
    module: str, sides: Mapping[str, LazyTensor], settings: LoraSettings | None, where: str, ask: str
) -> LowRankPair:
    if settings is None:
        raise WeightsError(
            f"{where}: {module}",
            got="a LoRA without its settings",
            expected="its lora_alpha, which the tensors do not tell",
            do=f"give it with {ask}, or put the configuration of the training beside the file",
        )
    rank = sides["A"].header.shape[0]
    return LowRankPair(down=sides["A"], up=sides["B"], scale=settings.scale(module, rank))


def _turned(tensor: LazyTensor) -> LazyTensor:
    def turn(values: "Tensor") -> "Tensor":
        return values.T.contiguous()

    return tensor.map(turn, TensorHeader(tensor.header.dtype, tensor.header.shape[::-1]))
