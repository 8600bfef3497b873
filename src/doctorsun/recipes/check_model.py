"""Checks of a recipe's network: one way to start, and weights that are there."""

from collections.abc import Iterator
from pathlib import Path

from doctorsun.config import StageSection
from doctorsun.config.model import ModelSection
from doctorsun.errors import RecipeError
from doctorsun.model.presets import PRESETS
from doctorsun.processor.chat_families import FAMILIES
from doctorsun.recipes.addresses import looks_like_address
from doctorsun.recipes.check_folder import check_weights
from doctorsun.recipes.placed import Found, unknown

OF_WEIGHTS = ("chat", "vision_config")
"""Settings that say of weights what they do not tell."""


def check_model(model: ModelSection) -> Iterator[Found]:
    """Yield what is wrong with the network of a recipe, but for the weights that it names."""
    if model.preset is not None and model.preset not in PRESETS:
        yield "model.preset", unknown("preset", model.preset, PRESETS)
    yield from _one_start(model)
    families = [family.name for family in FAMILIES]
    if model.chat is not None and model.chat not in families:
        yield "model.chat", unknown("chat template", model.chat, families)


def check_template(path: str, stage: StageSection) -> Iterator[Found]:
    """Yield what is wrong with the chat template of a stage."""
    families = [family.name for family in FAMILIES]
    if stage.template is not None and stage.template not in families:
        yield path, unknown("chat template", stage.template, families)
    elif stage.template is not None and stage.objective == "labels":
        error = RecipeError(
            "labels are learnt from images alone", got="a chat template", expected="none", do="remove the setting"
        )
        yield path, error


def _one_start(model: ModelSection) -> Iterator[Found]:
    """Yield the settings that contradict one another: a preset, whole weights, or parts."""
    for name in model.parts:
        if model.preset is not None:
            do = "remove one of the two; --set model.preset=null takes an inherited preset away"
            yield _beside(name, "'preset', which makes new parts", do)
        elif model.init is not None:
            do = f"remove one of the two, or join them once: doctorsun weights import {model.init} OUT --{name} ..."
            yield _beside(name, "'init', which brings all parts", do)
    if model.parts and model.preset is None and model.init is None:
        for name in ("vision", "language"):
            if name not in model.parts:
                got, expected = f"{' and '.join(model.parts)} alone", "'vision' and 'language'"
                yield "model", RecipeError(f"no '{name}' to start from", got=got, expected=expected, do="name it too")
    if model.init is None and not model.parts:
        for name in OF_WEIGHTS:
            if getattr(model, name) is not None:
                yield _beside(name, "'preset', which has its own", "remove it")


def _beside(name: str, other: str, do: str) -> Found:
    return f"model.{name}", RecipeError(f"'{name}' beside {other}", expected="one way to start", do=do)


def check_weights_of(model: ModelSection) -> Iterator[Found]:
    """Yield what is not on this machine of the files and folders that a network starts from."""
    if model.vision_config is not None and not Path(model.vision_config).is_file():
        do = "name a config.json with the settings of the vision tower"
        yield "model.vision_config", RecipeError(f"no file '{model.vision_config}'", expected="a JSON file", do=do)
    if model.init is not None and not looks_like_address(model.init):
        yield from check_weights("model.init", model.init, do="give the weights: --set init=FOLDER")
    for name, text in model.parts.items():
        if not looks_like_address(text):
            yield from check_weights(f"model.{name}", text, do="name weights on this machine or an address on a hub")
