from pathlib import Path
from typing import Any

import pytest

from doctorsun.config import load_recipe
from doctorsun.config.load import load_marked_recipe
from doctorsun.errors import RecipeError
from doctorsun.recipes.check import load_checked
from doctorsun.recipes.check_adapters import require_adapter_layers
from doctorsun.storage.hub.pull import PullRules
from small_model import save_small

LINES = """\
name: test
model: {preset: micro}
data:
  sources:
    phantom: {reader: phantom, num_images: {train: 100, test: 10}}
stages:
  instruct:
    trainable:
      TRAINABLE
    mixture: [{source: phantom, tasks: [caption]}]
    steps: 10
    batch_samples: 8
    lr: 1e-3
    SETTING
"""


def write(folder: Path, trainable: str, setting: str = "") -> Path:
    path = folder / "r.yaml"
    path.write_text(LINES.replace("TRAINABLE", trainable).replace("SETTING", setting), encoding="utf-8")
    return path


def complaint(folder: Path, trainable: str, setting: str = "") -> str:
    with pytest.raises(RecipeError) as caught:
        load_checked(write(folder, trainable, setting))
    return caught.value.text().replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "trainable",
    [
        "{vision: {lora: {r: 64, alpha: 16, dropout: 0.05}, lr: 5e-6}, projector: full, language: full}",
        "{projector: full, language: {lora: {r: 8, alpha: 16}, weight_decay: 0.1}}",
        "{projector: {lora: {r: 2, alpha: 2}}}",
    ],
)
def test_adapters_go_with_any_part(tmp_path: Path, trainable: str) -> None:
    load_checked(write(tmp_path, trainable))


def test_adapters_and_muon(tmp_path: Path) -> None:
    assert complaint(tmp_path, "language: {lora: {r: 4, alpha: 8}, optimizer: muon}") == (
        "r.yaml:9:53: stages.instruct.trainable.language.optimizer: muon steps whole matrices: got adapters, whose "
        "factors matter only as a product, expected 'adamw'; remove 'optimizer', or remove 'lora'"
    )


def test_adapters_and_labels(tmp_path: Path) -> None:
    assert complaint(tmp_path, "vision: {lora: {r: 4, alpha: 8}}", "objective: labels") == (
        "r.yaml:9:22: stages.instruct.trainable.vision.lora: labels teach a tower that starts from nothing: got "
        "adapters, which change little of one that has learnt, expected 'full'; remove 'lora', or take another "
        "objective"
    )


@pytest.mark.parametrize("trainable", ["projector: full", "vision: full", "language: {lora: {r: 2, alpha: 2}}"])
def test_blocks_may_be_computed_twice_in_every_stage(tmp_path: Path, trainable: str) -> None:
    assert load_checked(write(tmp_path, trainable, "recompute: true")).stages["instruct"].recompute


def test_layers_that_the_network_does_not_have_are_told_with_their_place(tmp_path: Path) -> None:
    weights = save_small(tmp_path / "weights")
    modules = "[layers.*.self_attn.q_proj, layers.*.self_attn.qproj]"
    trainable = f"language: {{lora: {{r: 4, alpha: 8, modules: {modules}}}}}"
    recipe, document = load_marked_recipe(write(tmp_path, trainable))
    with pytest.raises(RecipeError) as caught:
        require_adapter_layers(recipe, weights, document)
    told = caught.value.text().replace(f"{tmp_path}/", "")
    assert told.startswith(
        "r.yaml:9:78: stages.instruct.trainable.language.lora.modules.1: the path 'layers.*.self_attn.qproj' matches "
        "no linear layer of the part 'language': got 'layers.*.self_attn.qproj', expected one of layers.*.self_attn."
    )
    assert told.endswith("did you mean 'layers.*.self_attn.q_proj'?")


def test_check_finds_each_path_without_a_layer_before_any_weights_are_loaded(tmp_path: Path) -> None:
    modules = "[layers.*.mlp.upproj, layers.*.self_attn.q_proj, layers.9.mlp.up_proj]"
    told = complaint(tmp_path, f"language: {{lora: {{r: 4, alpha: 8, modules: {modules}}}}}").splitlines()
    assert told[0].startswith("r.yaml:9:51: stages.instruct.trainable.language.lora.modules.0: the path 'layers.*.mlp.")
    assert told[0].endswith("did you mean 'layers.*.mlp.up_proj'?")
    assert told[1].startswith("r.yaml:9:99: stages.instruct.trainable.language.lora.modules.2: the path 'layers.9.mlp")
    assert len(told) == 2


@pytest.mark.parametrize("is_here", [True, False])
def test_check_looks_into_weights_that_are_here_and_asks_no_hub_for_others(tmp_path: Path, *, is_here: bool) -> None:
    weights = save_small(tmp_path / "weights") if is_here else "hf:someone/unknown-weights"
    path = write(tmp_path, "language: {lora: {r: 4, alpha: 8, modules: [layers.*.mlp.upproj]}}")
    path.write_text(path.read_text(encoding="utf-8").replace("preset: micro", f"init: {weights}"), encoding="utf-8")
    if not is_here:
        load_checked(path, rules=PullRules(offline=False))
        return
    with pytest.raises(
        RecipeError, match=r"r.yaml:9:51: .*modules.0: the path 'layers.\*.mlp.upproj' matches no linear"
    ):
        load_checked(path)


def test_the_layers_of_published_parts_are_known(tmp_path: Path) -> None:
    path = write(tmp_path, "vision: {lora: {r: 4, alpha: 8, modules: [encoder.layers.*.mlp.fc3]}}")
    parts = "vision: hf:openai/clip-vit-large-patch14-336, language: hf:meta-llama/Llama-3.1-8B"
    path.write_text(path.read_text(encoding="utf-8").replace("preset: micro", parts), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"modules.0: .*did you mean '.*mlp.fc2'"):
        load_checked(path, rules=PullRules(offline=False))


@pytest.mark.parametrize(
    "lora", ["", "{lora: {r: 4, alpha: 8}}", "{lora: {r: 4, alpha: 8, modules: [layers.0.mlp.up_proj]}}"]
)
def test_layers_that_are_there_are_right(tmp_path: Path, lora: Any) -> None:
    recipe = load_recipe(write(tmp_path, f"language: {lora or 'full'}"))
    require_adapter_layers(recipe, save_small(tmp_path / "weights"))
