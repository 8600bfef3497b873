import json
import resource
import shutil
from codecs import BOM_UTF8
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from doctorsun.errors import DataError, MachineError, WeightsError
from doctorsun.model.forward import PackedForward
from doctorsun.weights.folder import revision_of
from doctorsun.weights.hugging_face import load_weights, read_config, save_weights
from small_model import save_small, small_model

PROJECTOR = "multi_modal_projector.linear_"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("saved") / "weights")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "weights"))


def change_tensors(folder: Path, *, drop: str = "", add: str = "", reshape: str = "") -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(drop, None)
    if add:
        tensors[add] = torch.zeros(2)
    if reshape:
        tensors[reshape] = tensors[reshape][:-1].clone()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_weights_that_trained_are_saved_as_stock_weights(saved: Path, tmp_path: Path) -> None:
    model = small_model()
    PackedForward(model, image_mean=(0.5, 0.5, 0.5), image_std=(0.5, 0.5, 0.5))
    save_weights(model, saved, tmp_path / "after")
    assert (tmp_path / "after/config.json").read_text() == (saved / "config.json").read_text()


def test_saving_twice_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = save_small(tmp_path / "weights")
    assert revision_of(again) == revision_of(saved)


def test_weights_are_not_saved_over_others(saved: Path) -> None:
    with pytest.raises(DataError, match="got something that is already there"):
        save_weights(small_model(), saved, saved)


def test_a_full_disk_leaves_nothing_behind(saved: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(MachineError, match=r"no room on the disk for .*after"):
            save_weights(small_model(), saved, tmp_path / "after")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_the_revision_changes_with_the_content(folder: Path, name: str) -> None:
    before = revision_of(folder)
    (folder / "SHA256SUMS").unlink()
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert revision_of(folder) != before
    assert len(before) == 16


def test_another_kind_of_model_is_refused(folder: Path) -> None:
    config = read_config(folder) | {"model_type": "qwen2_vl"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"config\.json: got model_type 'qwen2_vl', expected 'llava'; name"):
        load_weights(folder)


@pytest.mark.parametrize("content", [None, "{", "3"])
def test_a_missing_or_damaged_configuration_is_refused(folder: Path, content: str | None) -> None:
    (folder / "config.json").unlink()
    if content:
        (folder / "config.json").write_text(content)
    with pytest.raises(WeightsError, match=r"config\.json: got .*, expected the configuration of a model"):
        load_weights(folder)


@pytest.mark.parametrize("change", [{"drop": f"{PROJECTOR}1.bias"}, {"add": f"{PROJECTOR}9.bias"}])
def test_a_missing_or_an_extra_tensor_is_refused(folder: Path, change: dict[str, str]) -> None:
    change_tensors(folder, **change)
    name = next(iter(change.values()))
    with pytest.raises(WeightsError, match=rf"got 1 tensors that do not fit, the first [a-z.]*{name}, expected every"):
        load_weights(folder)


def test_a_tensor_of_another_shape_is_refused(folder: Path) -> None:
    change_tensors(folder, reshape="language_model.lm_head.weight")
    with pytest.raises(WeightsError, match=r"got 1 tensors that do not fit, the first lm_head\.weight"):
        load_weights(folder)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError, match=r"weights: got .*, expected readable safetensors; copy the folder again"):
        load_weights(folder)


def test_no_file_of_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="expected readable safetensors"):
        load_weights(folder)


@pytest.mark.parametrize("layer", [-99, [-2, 99]])
def test_a_layer_that_the_tower_does_not_have_is_told(folder: Path, layer: int | list[int]) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vision_feature_layer": layer}))
    with pytest.raises(
        WeightsError, match=r"config\.json: the feature layer: got -?99, expected -\d to \d, as a vision"
    ):
        load_weights(folder)


def test_settings_behind_a_byte_order_mark_are_read(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.write_bytes(BOM_UTF8 + path.read_bytes())
    model, processor = load_weights(folder)
    assert torch.equal(model.lm_head.weight, small_model().lm_head.weight)
    assert processor.image_token_id == model.config.image_token_id
    assert model.config.text_config.rope_parameters == small_model().config.text_config.rope_parameters
