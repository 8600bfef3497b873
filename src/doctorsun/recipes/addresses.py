"""Addresses in recipes, of weights and of stores: what stands in the way of using them, told before any work."""

from collections.abc import Iterator, Mapping

from doctorsun.config import Recipe
from doctorsun.config.data import StoreSource
from doctorsun.errors import DataError, RecipeError
from doctorsun.recipes.placed import Found
from doctorsun.storage.hub.address import FORM, Address, parse_address
from doctorsun.storage.hub.hub import open_hub
from doctorsun.storage.hub.kinds import WEIGHTS, Kinds
from doctorsun.storage.hub.lock import Lock
from doctorsun.storage.hub.materialise import is_offline
from doctorsun.storage.hub.pull import PullRules, missing_files

OF_WEIGHTS = ("hf", "ms")
"""Hubs that weights come from; object storage keeps stores."""


def usual_rules() -> PullRules:
    """Return what a pull may do where the command line says nothing: HF_HUB_OFFLINE=1 is heeded."""
    return PullRules(offline=is_offline())


def looks_like_address(text: str) -> bool:
    """Tell whether a setting names something on a hub, in whatever form."""
    try:
        return parse_address(text) is not None
    except RecipeError:
        return True


def weights_of(recipe: Recipe) -> dict[str, str]:
    """Return the weights that a recipe starts from, by their keys in it."""
    model = recipe.model
    named = {"init": model.init} if model.init is not None else model.parts
    return {f"model.{name}": text for name, text in named.items()}


def stores_of(recipe: Recipe) -> dict[str, str]:
    """Return the stores that a recipe names, by their keys in it."""
    return {
        f"data.sources.{name}.splits.{split}": text
        for name, source in recipe.data.sources.items()
        if isinstance(source, StoreSource)
        for split, text in source.splits.items()
    }


def obstacles(named: Mapping[str, str], kinds: Kinds, rules: PullRules) -> Iterator[Found]:
    """Yield the addresses that are malformed, and those that these rules forbid or that offline are not here.

    Args:
        named: what a recipe names, by its keys in it.
        kinds: what it is.
        rules: what may be pulled.
    """
    for key, text in named.items():
        yield from _obstacle(key, text, kinds, rules)


def _obstacle(key: str, text: str, kinds: Kinds, rules: PullRules) -> Iterator[Found]:
    try:
        address = parse_address(text)
        _require_hub(address, kinds)
        if address is not None and (rules.locked or rules.offline):
            hub, lock = open_hub(address.hub), Lock()
            if rules.offline or lock.find(address, kinds.repository) is None:
                missing_files(address, kinds, hub, lock, rules)
    except (DataError, RecipeError) as error:
        yield key, RecipeError(error.what, got=error.got, expected=error.expected, do=error.do)


def _require_hub(address: Address | None, kinds: Kinds) -> None:
    if address is not None and kinds is WEIGHTS and address.hub not in OF_WEIGHTS:
        do = "push them to a hub, or name a folder on this machine"
        raise RecipeError(f"{address}", got="an address of object storage", expected=FORM, do=do)
