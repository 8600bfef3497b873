"""What weights ask of their user by options of the command line, said as keys of the recipe that names them."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from shlex import quote
from typing import Literal

from doctorsun.config.document import Node
from doctorsun.config.model import ModelSection
from doctorsun.errors import RecipeError, WeightsError
from doctorsun.recipes.placed import placed

OPTION = re.compile(r"--([a-z-]+)( (?=(?:[a-z]+=)?[A-Z]|hf:))?")
ASKING = re.compile(r"--[a-z-]+(?: (?:[a-z]+=)?[A-Z]+\b)?")
SETTINGS = {"vision-config": "model.vision_config", "chat": "model.chat", "fit": "model.fit"}
PARTS = {"vision": "model.vision", "projector": "model.projector", "language": "model.language"}


@contextmanager
def asked_as_keys(model: ModelSection, document: Node | None) -> Generator[None]:
    """Let the block's complaints that ask for options of ``weights import`` ask for keys of the recipe.

    Args:
        model: where the recipe starts.
        document: what it was read from, for the places in the messages.

    Raises:
        RecipeError: the block asked for an option; the text names the recipe's key and its place, or how to import the
            weights first where a recipe has no such key.
        WeightsError: any other fault of the weights, as the block raised it.
    """
    try:
        yield
    except (WeightsError, RecipeError) as error:
        options = [match[1] for match in OPTION.finditer(f"{error.what} {error.do}")]
        if not options:
            raise
        raise _asked(error, options, model, document) from error


def _asked(
    error: WeightsError | RecipeError, options: list[str], model: ModelSection, document: Node | None
) -> RecipeError:
    keys = SETTINGS | (PARTS if model.init is None else {})
    if not all(option in keys for option in options):
        source = "init" if model.init is not None else "vision"
        said = _import_that_takes(error.do, model, source)
        do = f"{error.do}: '{said}' takes it; then say init: OUT"
        asked = RecipeError(error.what, got=error.got, expected=error.expected, do=do)
        return placed(f"model.{source}", asked, document)
    key, what = keys[options[0]], error.what
    if what.startswith("--"):
        what = what.removeprefix(f"--{options[0]}").lstrip(": ") or f"{getattr(model, key.removeprefix('model.'))}"
    got, expected, do = (_as_keys(text, keys) for text in (error.got, error.expected, error.do))
    return placed(key, RecipeError(what, got=got, expected=expected, do=do), document)


def _import_that_takes(do: str, model: ModelSection, source: Literal["init", "vision"]) -> str:
    """Return the command that imports what a recipe names, with the options that a sentence asks for."""
    others = {} if source == "init" else {name: text for name, text in model.parts.items() if name != source}
    options = {f"--{name}": f"--{name} {quote(text)}" for name, text in others.items()}
    for text in ASKING.findall(do):
        options.setdefault(text if "=" in text else text.partition(" ")[0], text)
    return " ".join(["doctorsun weights import", quote(getattr(model, source)), "OUT", *options.values()])


def _as_keys(text: str, keys: Mapping[str, str]) -> str:
    """Return a sentence with keys for options; what is to be said after one stands after its colon."""

    def key(match: re.Match[str]) -> str:
        return keys[match[1]] + (": " if match[2] else "") if match[1] in keys else match[0]

    return OPTION.sub(key, text)
