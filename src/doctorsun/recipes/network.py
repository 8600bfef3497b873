"""The network of a recipe on paper: from weights that are here or on a hub, from a preset, or as published."""

from dataclasses import dataclass
from pathlib import Path

from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

from doctorsun.config import Recipe
from doctorsun.config.document import Node
from doctorsun.errors import DataError, DoctorSunError
from doctorsun.model.build import sized_config
from doctorsun.model.presets import PRESETS
from doctorsun.recipes.published_sizes import Sizes, published_sizes
from doctorsun.recipes.start import StartPlan, plan_start
from doctorsun.recipes.steps import has_start
from doctorsun.storage.hub.pull import PullRules
from doctorsun.weights.hugging_face import read_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What is known of a network before its weights are loaded.

    Attributes:
        config: its sizes.
        start: what the weights will be that it starts from; None where it starts from nothing, or no hub was asked.
        told_by: where the sizes come from.
    """

    config: LlavaConfig
    start: StartPlan | None
    told_by: str


def network_of(recipe: Recipe, run: Path, rules: PullRules, document: Node | None = None) -> Network:
    """Find the sizes of a recipe's network; of weights only headers and small files are read.

    Args:
        recipe: the settings.
        run: the folder of the run; the weights that it started from tell most.
        rules: what may be asked of hubs.
        document: what the recipe was read from, for the places in the messages.

    Raises:
        WeightsError: a source is damaged or of no known layout, or the parts do not fit.
        DataError: a hub refuses, or offline something is not here, and its sizes are not known.
    """
    if recipe.model.preset is not None:
        config = sized_config(PRESETS[recipe.model.preset], recipe.model.tokenizer.vocab_size)
        return Network(config=config, start=None, told_by=f"the preset {recipe.model.preset}")
    if has_start(run):
        start_folder = run / "start"
        return Network(config=LlavaConfig.from_dict(read_config(start_folder)), start=None, told_by=str(start_folder))
    try:
        start = plan_start(recipe, rules, document)
    except DataError as error:
        sizes = published_sizes(recipe.model)
        if sizes is not None:
            return Network(config=_config(*sizes), start=None, told_by="the published sizes of its parts")
        do = "give weights that are on this machine: --set model.vision=FOLDER --set model.language=FOLDER"
        raise DataError(error.what, got=error.got, expected=error.expected, do=error.do or do) from error
    if start is None:  # refused by the check of the recipe
        raise DataError("a network without preset and weights", expected="one of the two", do="set model.preset")
    return Network(config=start.config, start=start, told_by="the headers of its weights")


def config_here(recipe: Recipe) -> LlavaConfig | None:
    """Return the sizes of a recipe's network as far as they are known without asking a hub; None where they are not."""
    model = recipe.model
    if model.preset is not None:
        preset = PRESETS.get(model.preset)
        return preset and sized_config(preset, model.tokenizer.vocab_size)
    try:
        start = plan_start(recipe, PullRules(offline=True))
    except DoctorSunError:  # told where it is checked, or when the weights are brought
        start = None
    if start is not None:
        return start.config
    sizes = published_sizes(model)
    return sizes and _config(*sizes)


def _config(vision: Sizes, text: Sizes) -> LlavaConfig:
    return LlavaConfig(
        vision_config=CLIPVisionConfig(**vision),
        text_config=LlamaConfig(**text),
        image_seq_length=(vision["image_size"] // vision["patch_size"]) ** 2,
    )
