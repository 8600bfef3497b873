import json
from collections.abc import Collection
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from doctorsun.config import LoraSection, PartName
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.storage.sums import SUMS, check_sums
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.merge import merge_adapter
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.trained import save_trained
from small_model import save_small

LORA = LoraSection(r=4, alpha=6, dropout=0.1)
TENSORS = "model.safetensors"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("start") / "start")


def train(
    start: Path,
    folder: Path,
    parts: Collection[PartName],
    adapters: dict[PartName, LoraSection] | None = None,
    *,
    bf16: bool = True,
) -> Path:
    """Write what a stage leaves that changed all that learns at random."""
    model, _ = load_weights(start)
    parameters = set_trainable(model, parts, adapters, seed=1)
    hold_frozen(model, bf16=bf16)
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for named in parameters.values():
            for parameter in named.values():
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    save_trained(model, start, folder, adapters=adapters)
    return folder


@pytest.mark.parametrize("bf16", [True, False])
def test_what_is_frozen_is_copied_bit_by_bit(tmp_path: Path, start: Path, *, bf16: bool) -> None:
    adapters: dict[PartName, LoraSection] = {"vision": LORA}
    stage = train(start, tmp_path / "stage", ["vision", "projector"], adapters, bf16=bf16)
    before, after = load_file(start / TENSORS), load_file(stage / "weights" / TENSORS)
    assert list(before) == list(after)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    blocks = {f"vision_tower.vision_model.encoder.layers.{index}" for index in (0, 1)}
    assert {name.rsplit(".", 3)[0] for name in changed if "vision" in name} >= blocks
    assert all("proj" in name or "fc" in name for name in changed)
    assert not any("language_model" in name or "layers.2." in name or ".bias" in name for name in changed - PROJECTOR)
    assert changed >= PROJECTOR


PROJECTOR = {f"multi_modal_projector.linear_{n}.{kind}" for n in (1, 2) for kind in ("weight", "bias")}


def test_the_other_files_are_those_of_the_start(tmp_path: Path, start: Path) -> None:
    weights = train(start, tmp_path / "stage", ["language"]) / "weights"
    assert {path.name for path in weights.iterdir()} == {path.name for path in start.iterdir()}
    kept = [path for path in start.iterdir() if path.name not in {TENSORS, SUMS}]
    assert all((weights / path.name).read_bytes() == path.read_bytes() for path in kept)
    assert (weights / SUMS).read_text(encoding="utf-8") != (start / SUMS).read_text(encoding="utf-8")
    check_sums(weights)
    assert not (tmp_path / "stage/adapters").exists()
    load_weights(weights)


def test_what_was_learnt_has_the_type_of_the_start(tmp_path: Path, start: Path) -> None:
    half = tmp_path / "half"
    half.mkdir()
    for path in start.iterdir():
        (half / path.name).write_bytes(path.read_bytes())
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(start / TENSORS).items()}
    save_file(tensors, half / TENSORS, metadata={"format": "pt"})
    settings = json.loads((half / "config.json").read_text())
    (half / "config.json").write_text(json.dumps(settings | {"torch_dtype": "bfloat16"}))
    stage = train(half, tmp_path / "stage", ["projector", "language"], {"language": LORA})
    after = load_file(stage / "weights" / TENSORS)
    assert {tensor.dtype for tensor in after.values()} == {torch.bfloat16}
    same = {name for name in after if torch.equal(after[name], tensors[name])}
    assert same >= {name for name in after if "vision_tower" in name or "norm" in name or "embed" in name}
    assert not same & PROJECTOR
    assert {load_file(stage / "adapters/language/adapter_model.safetensors")[n].dtype for n in ADAPTED} == {
        torch.float32
    }


ADAPTED = ["base_model.model.model.language_model.layers.0.mlp.up_proj.lora_A.weight"]


def test_the_start_with_the_adapters_merged_into_it_is_what_the_stage_left(tmp_path: Path, start: Path) -> None:
    adapters: dict[PartName, LoraSection] = {
        "vision": LORA,
        "projector": LoraSection(r=2, alpha=3.5),
        "language": LoraSection(r=3, alpha=3, modules=("layers.*.self_attn.q_proj", "layers.1.mlp.up_proj")),
    }
    stage = train(start, tmp_path / "stage", list(adapters), adapters)
    base = start
    for part in adapters:
        merge_adapter(base, stage / "adapters" / part, tmp_path / f"with-{part}")
        base = tmp_path / f"with-{part}"
    merged, left = open_tensors(base), open_tensors(stage / "weights")
    assert merged.headers == left.headers
    assert all(torch.equal(merged.read(name), left.read(name)) for name in left.headers)
    assert any(not torch.equal(left.read(name), open_tensors(start).read(name)) for name in left.headers)


def test_the_settings_hold_full_names_and_no_set_or_own_path(tmp_path: Path, start: Path) -> None:
    only: dict[PartName, LoraSection] = {"language": LORA.model_copy(update={"modules": ("layers.1.mlp.up_proj",)})}
    settings = [
        (train(start, tmp_path / name, ["language"], only) / "adapters/language/adapter_config.json").read_text()
        for name in ("one", "two")
    ]
    assert settings[0] == settings[1]
    told = json.loads(settings[0])
    assert told["target_modules"] == ["model.language_model.layers.1.mlp.up_proj"]
    assert (told["r"], told["lora_alpha"], told["lora_dropout"], told["peft_type"]) == (4, 6, 0.1, "LORA")
    assert isinstance(told["lora_alpha"], int)


def test_what_a_killed_call_left_is_written_anew(tmp_path: Path, start: Path) -> None:
    adapters: dict[PartName, LoraSection] = {"vision": LORA}
    whole = train(start, tmp_path / "whole", ["vision"], adapters)
    left = tmp_path / "stage/adapters/vision"
    left.mkdir(parents=True)
    (left / "adapter_model.safetensors").write_bytes(b"half")
    stage = train(start, tmp_path / "stage", ["vision"], adapters)
    files = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert all((stage / name).read_bytes() == (whole / name).read_bytes() for name in files)


def test_ranks_that_do_not_write_leave_no_file(tmp_path: Path, start: Path) -> None:
    model, _ = load_weights(start)
    set_trainable(model, ["projector"])
    save_trained(model, start, tmp_path / "stage", is_writer=False)
    assert not (tmp_path / "stage").exists()
