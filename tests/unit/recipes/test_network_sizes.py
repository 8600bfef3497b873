"""Where the sizes of a recipe's network come from."""

from pathlib import Path

import pytest

from doctorsun.config import Recipe
from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import DataError
from doctorsun.model.presets import PRESETS
from doctorsun.recipes.network import network_of
from doctorsun.storage.hub.pull import PullRules
from small_model import save_small, small_model

OFFLINE = PullRules(offline=True)
RECIPE = """\
name: made
model: MODEL
data: {sources: {asked: {reader: store, splits: {train: asked}}}}
stages:
  align: {trainable: {projector: full}, mixture: [{source: asked}], steps: 1, batch_samples: 1, lr: 1}
"""
TOWER = "hf:openai/clip-vit-large-patch14-336"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no lock of another folder be found."""
    monkeypatch.chdir(tmp_path)


def recipe_of(folder: Path, model: str) -> Recipe:
    path = folder / "r.yaml"
    path.write_text(RECIPE.replace("MODEL", model), encoding="utf-8")
    return load_marked_recipe(path)[0]


def test_a_preset_tells_with_the_vocabulary_of_the_recipe(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "{preset: micro, tokenizer: {vocab_size: 777}}")
    network = network_of(recipe, tmp_path / "run", OFFLINE)
    assert (network.told_by, network.start) == ("the preset micro", None)
    assert network.config.text_config.hidden_size == PRESETS["micro"].hidden_size
    assert network.config.text_config.vocab_size >= 777


def test_weights_on_this_machine_tell_by_their_headers(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "small")
    network = network_of(recipe_of(tmp_path, f"{{init: {weights}}}"), tmp_path / "run", OFFLINE)
    assert network.told_by == "the headers of its weights"
    assert network.start is not None
    assert sum(network.start.parameters.values()) == sum(p.numel() for p in small_model().parameters())
    assert network.config.text_config.vocab_size == small_model().config.text_config.vocab_size


def test_what_a_run_started_from_tells_most(tmp_path: Path) -> None:
    start = save_small(tmp_path / "run" / "start")
    network = network_of(recipe_of(tmp_path, "{init: weights/gone}"), tmp_path / "run", OFFLINE)
    assert (network.told_by, network.start) == (str(start), None)
    assert network.config.text_config.hidden_size == small_model().config.text_config.hidden_size


def test_published_parts_are_known_where_no_hub_may_be_asked(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, f"{{vision: '{TOWER}', language: 'hf:meta-llama/Llama-3.1-8B'}}")
    network = network_of(recipe, tmp_path / "run", OFFLINE)
    assert (network.told_by, network.start) == ("the published sizes of its parts", None)
    assert network.config.image_seq_length == (336 // 14) ** 2
    assert network.config.text_config.num_hidden_layers == 32


def test_other_parts_that_cannot_be_asked_for_are_not_guessed(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, f"{{vision: '{TOWER}', language: 'hf:o/another-8b'}}")
    with pytest.raises(DataError, match="offline, and its commit is not known"):
        network_of(recipe, tmp_path / "run", OFFLINE)


def test_a_network_of_nothing_is_refused(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "{preset: micro}")
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"preset": None})})
    expected = "a network without preset and weights: expected one of the two; set model.preset"
    with pytest.raises(DataError, match=expected):
        network_of(recipe, tmp_path / "run", OFFLINE)
