"""--lora-alpha: what is read, asked for, and refused because nothing uses it or one number cannot be of two LoRAs."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from checkpoints.clip import write_tower
from checkpoints.llama import write_llama3
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration
from doctorsun.errors import RecipeError
from doctorsun.weights.import_weights import ImportRequest, settle
from doctorsun.weights.inspect import inspect
from doctorsun.weights.lora_alpha import asking, read_alpha, require_use
from doctorsun.weights.merge import merge_adapter
from doctorsun.weights.parts import LoraAlpha, Published, ReadOptions
from doctorsun.weights.published import read_published
from small_model import save_small

BOTH = XtunerTraining(tower="lora", language="lora")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two LoRAs, whose settings stand beside them."""
    path = tmp_path_factory.mktemp("both") / "iter_1.pth"
    write_iteration(path, BOTH)
    return read_published(path)


@pytest.mark.parametrize(
    ("said", "alpha"),
    [
        ([], None),
        (["16"], 16.0),
        (["vision=6", "language=16"], {"vision": 6.0, "language": 16.0}),
        (["vision=.5"], {"vision": 0.5}),
    ],
)
def test_what_is_said_is_read(said: Sequence[str], alpha: LoraAlpha | None):
    assert read_alpha(said) == alpha


@pytest.mark.parametrize("text", ["0", "-3", "nan", "inf", "", "x", "vision=0", "vision=", "language=16x"])
def test_a_number_that_is_not_above_zero_is_refused(text: str):
    with pytest.raises(RecipeError, match=r"--lora-alpha .*: got '.*', expected a number above zero"):
        read_alpha([text])


@pytest.mark.parametrize(
    ("said", "got"),
    [
        (["tower=6"], "got 'tower' for a part"),
        (["=6"], "got '' for a part"),
        (["vision=6", "vision=7"], "got vision twice"),
        (["6", "16"], "got one number beside others"),
        (["vision=6", "16"], "got one number beside others"),
    ],
)
def test_other_parts_and_numbers_beside_each_other_are_refused(said: Sequence[str], got: str):
    with pytest.raises(RecipeError, match=f"{got}, expected PART=N with vision, projector, language, each once"):
        read_alpha(said)


def test_each_part_is_asked_for():
    assert asking(["language", "vision"]) == "--lora-alpha vision=N --lora-alpha language=N"


def test_one_number_is_not_of_two_loras(published: Published):
    message = (
        "--lora-alpha: got one number, 16, for several LoRAs: of the vision tower and of the language model, "
        "expected the alpha of each; give --lora-alpha vision=N --lora-alpha language=N"
    )
    with pytest.raises(RecipeError, match=message):
        require_use(16.0, [published])
    require_use({"vision": 6.0, "language": 16.0}, [published])
    require_use({"vision": 6.0}, [published])
    require_use(None, [published])


def test_one_lora_may_change_several_parts(tmp_path: Path):
    modules = ("lm_head", "vision_model.encoder.layers.0.mlp.fc1")
    changes = {module: (torch.ones(8, 3), torch.ones(3, 8), 2.0) for module in modules}
    write_adapter(tmp_path / "lora", adapter_tensors(changes), {}, kind="bin")
    require_use(16.0, [read_published(tmp_path / "lora")])


def test_two_loras_of_one_part_have_settings_beside_them(tmp_path: Path):
    write_adapter(tmp_path / "lora", adapter_tensors(BOTH.language_changes), {"r": 5})
    write_iteration(tmp_path / "iter_1.pth", XtunerTraining(language="lora"))
    sources = [read_published(tmp_path / name) for name in ("iter_1.pth", "lora")]
    with pytest.raises(
        RecipeError, match="of the language model, expected the alpha of each; put the settings of each"
    ):
        require_use(16.0, sources)


def test_an_alpha_of_nothing_is_refused_everywhere(tmp_path: Path):
    write_tower(tmp_path / "clip")
    write_llama3(tmp_path / "llama")
    save_small(tmp_path / "base")
    write_converted(tmp_path / "lora", XtunerTraining(language="lora"))
    said = ReadOptions(lora_alpha=16.0)
    unused = r"--lora-alpha: got no LoRA changes in these weights, expected changes .*; leave it out"
    with pytest.raises(RecipeError, match=unused):
        inspect(tmp_path / "clip", said)
    with pytest.raises(RecipeError, match=unused):
        settle(tmp_path / "clip", ImportRequest(language=tmp_path / "llama", read=said))
    with pytest.raises(RecipeError, match=unused):
        merge_adapter(tmp_path / "base", tmp_path / "clip", tmp_path / "out", read=said)
    with pytest.raises(RecipeError, match="got no LoRA changes of the vision tower in these weights"):
        inspect(tmp_path / "lora", ReadOptions(lora_alpha={"vision": 6.0, "language": 16.0}))
