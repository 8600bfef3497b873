"""What the settings of a LoRA say about joining it: the scale of each change, and whether it is a plain LoRA.

Names and meanings: peft, ``tuners/lora/config.py`` (LoraConfig) and ``tuners/lora/layer.py`` (update_layer).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from doctorsun.errors import WeightsError

OF_TRAINING = frozenset(
    {
        *("peft_type", "peft_version", "task_type", "auto_mapping", "base_model_name_or_path", "revision"),
        *("inference_mode", "lora_dropout", "target_modules", "exclude_modules", "modules_to_save", "bias"),
        *("layers_to_transform", "layers_pattern", "init_lora_weights", "runtime_config", "ensure_weight_tying"),
        *("loftq_config", "eva_config", "corda_config", "lora_ga_config", "megatron_core", "qalora_group_size"),
        *("r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern", "fan_in_fan_out"),
    }
)
"""Settings that are read here, or that leave what is joined as it is: peft drops ``fan_in_fan_out`` for linear layers,
and every weight of a LLaVA is one. Any other that is set makes another kind of adapter."""

PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
"""Values of ``init_lora_weights`` that leave the base as it was; others (PiSSA, OLoRA, CorDA, LoftQ) changed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    """How strong the changes are.

    Attributes:
        alpha: of every module that no pattern names.
        rank: of every module that no pattern names; None: the shapes alone tell it.
        is_rank_stabilised: the scale is ``alpha / sqrt(rank)`` (rsLoRA, arXiv 2312.03732), else ``alpha / rank``.
        alphas: by patterns of modules.
        ranks: by patterns of modules.
        where: file or option that says so, for messages.
    """

    alpha: float
    rank: int | None = None
    is_rank_stabilised: bool = False
    alphas: Mapping[str, float] = field(default_factory=dict[str, float])
    ranks: Mapping[str, int] = field(default_factory=dict[str, int])
    where: str

    def scale(self, module: str, rank: int) -> float:
        """Return the scale of a module's change.

        Args:
            module: its name in the base, without ``.weight``.
            rank: as the shapes of its factors say.

        Raises:
            WeightsError: the settings say another rank.
        """
        said = _of_module(self.ranks, module) or self.rank
        if said is not None and said != rank:
            raise WeightsError(
                f"{self.where}: the rank of {module}",
                got=f"{said}",
                expected=f"{rank}, as its factors have",
                do="take settings and tensors of one adapter",
            )
        alpha = _of_module(self.alphas, module) or self.alpha
        return alpha / (math.sqrt(rank) if self.is_rank_stabilised else rank)


def lora_settings(config: Mapping[str, Any], *, where: str, alpha: float | None = None) -> LoraSettings:
    """Read the settings of a LoRA.

    Args:
        config: of LoraConfig, as ``adapter_config.json`` or a training's configuration holds them.
        where: file, for messages.
        alpha: what the user says of it (``--lora-alpha``) where the settings do not.

    Raises:
        WeightsError: the adapter is no plain LoRA, a setting has the wrong type, or the user says another alpha.
    """
    _require_plain(config, where)
    said = _number(config, "lora_alpha", 8 if alpha is None else alpha, where)
    if alpha not in (None, said):
        raise WeightsError(
            "--lora-alpha",
            got=f"{alpha:g}",
            expected=f"{said:g}, as {where} says",
            do="leave it out, or take settings and tensors of one LoRA",
        )
    return LoraSettings(
        alpha=said,
        rank=int(_number(config, "r", 8, where)),
        is_rank_stabilised=bool(config.get("use_rslora")),
        alphas=_patterns(config, "alpha_pattern", where),
        ranks={name: int(rank) for name, rank in _patterns(config, "rank_pattern", where).items()},
        where=where,
    )


def _require_plain(config: Mapping[str, Any], where: str) -> None:
    kind = config.get("peft_type", "LORA")
    if kind != "LORA":
        _refuse(f"{where}: peft_type", repr(kind), "'LORA'")
    for name, value in config.items():
        if name not in OF_TRAINING and value:
            _refuse(f"{where}: {name}", repr(value), "a plain LoRA, without it")
    start = config.get("init_lora_weights")
    if start not in PLAIN_STARTS:
        _refuse(f"{where}: init_lora_weights", repr(start), "an adapter whose start left the base as it was")


def _refuse(what: str, got: str, expected: str) -> NoReturn:
    raise WeightsError(
        what,
        got=got,
        expected=expected,
        do="join it with peft (merge_and_unload), where it was trained, and name the result",
    )


def _number(config: Mapping[str, Any], name: str, default: float, where: str) -> float:
    return _positive(config.get(name, default), f"{where}: {name}")


def _patterns(config: Mapping[str, Any], name: str, where: str) -> dict[str, float]:
    patterns = config.get(name) or {}
    if not isinstance(patterns, Mapping):
        raise _wrong(f"{where}: {name}", patterns, "numbers by patterns of modules")
    numbers = {
        str(key): _positive(value, f"{where}: {name}") for key, value in cast("Mapping[str, Any]", patterns).items()
    }
    for pattern in numbers:
        try:
            re.compile(pattern)
        except re.error as error:
            raise _wrong(f"{where}: {name}", pattern, "regular expressions") from error
    return numbers


def _positive(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise _wrong(where, value, "a positive number")
    return value


def _wrong(where: str, got: object, expected: str) -> WeightsError:
    return WeightsError(where, got=f"{got!r}", expected=expected, do="take the file as the training wrote it")


def _of_module(patterns: Mapping[str, float], module: str) -> float | None:
    """Return what the first fitting pattern says, as peft's ``get_pattern_key`` finds it."""
    fitting = (value for pattern, value in patterns.items() if re.fullmatch(rf"(.*\.)?({pattern})", module))
    return next(fitting, None)
