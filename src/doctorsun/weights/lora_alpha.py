"""``--lora-alpha``: what a user says of the strength of LoRA changes whose settings are not beside them."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from doctorsun.errors import RecipeError
from doctorsun.weights.complete import NOUNS, PARTS
from doctorsun.weights.part_names import PartName
from doctorsun.weights.parts import LoraAlpha, Published

OPTION = "--lora-alpha"
FOR_ONE = f"{OPTION} N"
"""Where there is one LoRA."""


def read_alpha(said: Sequence[str]) -> LoraAlpha | None:
    """Return one number, or numbers by part; None where nothing is said.

    Args:
        said: ``16``, or ``vision=6`` and such, each part once.

    Raises:
        RecipeError: something else is said, or a number that is not above zero.
    """
    by_part: dict[PartName, float] = {}
    for text in said:
        name, equals, number = text.rpartition("=")
        part: PartName | None = next((each for each in PARTS if each == name), None)
        if not equals and len(said) == 1:
            return _number(number, text)
        if part is None or part in by_part:
            raise RecipeError(
                f"{OPTION} {text}",
                got=f"{name} twice" if part else f"{name!r} for a part" if equals else "one number beside others",
                expected=f"PART=N with {', '.join(PARTS)}, each once, or one number alone",
                do="say for each LoRA which part it changes",
            )
        by_part[part] = _number(number, text)
    return by_part or None


def asking(parts: Collection[PartName]) -> str:
    """Return the options for LoRAs that change parts, each with an alpha of its own."""
    return " ".join(f"{OPTION} {part}=N" for part in PARTS if part in parts)


def require_use(alpha: LoraAlpha | None, sources: Iterable[Published]) -> None:
    """Require that what a user says is of LoRA changes that are there, and one number of one LoRA.

    Args:
        alpha: what the user says.
        sources: all that is read.

    Raises:
        RecipeError: there are no such changes, or one number is said of several LoRAs.
    """
    if alpha is None:
        return
    adapters = [adapter for each in sources for adapter in each.adapters if adapter.pairs]
    changed: set[PartName] = {adapter.part for adapter in adapters}
    named: Collection[PartName] = alpha if isinstance(alpha, Mapping) else changed
    unused = [NOUNS[part] for part in named if part not in changed]
    if unused or not changed:
        raise RecipeError(
            OPTION,
            got=f"no LoRA changes{' of the ' + unused[0] if unused else ''} in these weights",
            expected="changes that it is the alpha of",
            do="leave it out",
        )
    if not isinstance(alpha, Mapping) and len({adapter.lora for adapter in adapters}) > 1:
        nouns = " and of the ".join(NOUNS[part] for part in PARTS if part in changed)
        raise RecipeError(
            OPTION,
            got=f"one number, {alpha:g}, for several LoRAs: of the {nouns}",
            expected="the alpha of each",
            do=f"give {asking(changed)}" if len(changed) > 1 else "put the settings of each beside it",
        )


def _number(number: str, text: str) -> float:
    try:
        alpha = float(number)
    except ValueError:
        alpha = math.nan
    if not 0 < alpha < math.inf:
        raise RecipeError(
            f"{OPTION} {text}",
            got=repr(number),
            expected="a number above zero",
            do="say the lora_alpha of the training",
        )
    return alpha
