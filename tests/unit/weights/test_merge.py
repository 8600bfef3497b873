"""Merging: what stays as it is in the base, what is written about it, and what is refused."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from checkpoints.clip import write_tower
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.xtuner import XtunerTraining, write_iteration
from doctorsun.errors import DataError, WeightsError
from doctorsun.weights.merge import merge_adapter
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.open import open_tensors
from small_model import save_small

MODULE = "language_model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("base") / "stock")


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lora")
    rows, columns = open_tensors(base).headers[f"{MODULE}.weight"].shape
    changes = {MODULE: (torch.ones(8, columns), torch.ones(rows, 8), 2.0)}
    write_adapter(folder, adapter_tensors(changes), {})
    return folder


def test_only_what_the_adapter_changes_is_changed(base: Path, adapter: Path, tmp_path: Path):
    merge_adapter(base, adapter, tmp_path / "out")
    before, after = open_tensors(base), open_tensors(tmp_path / "out")
    assert after.headers == before.headers
    changed = [name for name in after.headers if not torch.equal(after.read(name), before.read(name))]
    assert changed == [f"{MODULE}.weight"]
    torch.testing.assert_close(after.read(changed[0]), before.read(changed[0]) + 16)


def test_every_file_beside_the_tensors_is_the_bases(base: Path, adapter: Path, tmp_path: Path):
    merge_adapter(base, adapter, tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    own = {path.name for path in base.iterdir()}
    assert written - own <= {"import.json", "SHA256SUMS", "model.safetensors"}
    for name in sorted(own & written - {"model.safetensors", "import.json", "SHA256SUMS"}):
        assert (tmp_path / "out" / name).read_bytes() == (base / name).read_bytes(), name


def test_hashes_and_a_report_are_written(base: Path, adapter: Path, tmp_path: Path):
    report = merge_adapter(base, adapter, tmp_path / "out", dtype="bfloat16", called={"base": "hf:a/b@c"})
    assert report == json.loads((tmp_path / "out/import.json").read_text(encoding="utf-8"))
    assert report["dtype"] == "bfloat16"
    assert report["sources"]["base"]["from"] == "hf:a/b@c"
    assert report["sources"]["adapter"]["layout"] == "peft_adapter"
    sums = dict(line.split("  ")[::-1] for line in (tmp_path / "out/SHA256SUMS").read_text().splitlines())
    assert sums["model.safetensors"] == hashlib.sha256((tmp_path / "out/model.safetensors").read_bytes()).hexdigest()
    assert {head.dtype for head in open_tensors(tmp_path / "out").headers.values()} == {NumberType.BFLOAT16}


def test_nothing_is_written_over(base: Path, adapter: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="got something that is already there"):
        merge_adapter(base, adapter, tmp_path / "out")


def test_a_base_of_another_layout_is_told(adapter: Path, tmp_path: Path):
    write_tower(tmp_path / "clip")
    with pytest.raises(WeightsError, match="got weights of the layout clip, expected transformers' Llava"):
        merge_adapter(tmp_path / "clip", adapter, tmp_path / "out")


def test_weights_that_are_more_than_changes_are_told(base: Path, tmp_path: Path):
    write_iteration(tmp_path / "iter_10.pth", XtunerTraining(tower="lora"))
    message = "got weights of the layout xtuner_checkpoint, with projector, expected changes alone"
    with pytest.raises(WeightsError, match=message):
        merge_adapter(base, tmp_path / "iter_10.pth", tmp_path / "out")


def test_changes_of_another_base_are_told(base: Path, tmp_path: Path):
    changes = {"model.layers.99.self_attn.q_proj": (torch.ones(8, 3), torch.ones(3, 8), 2.0)}
    write_adapter(tmp_path / "lora", adapter_tensors(changes), {})
    with pytest.raises(WeightsError, match=r"model.layers.99.self_attn.q_proj.weight: got no such weight in the base"):
        merge_adapter(base, tmp_path / "lora", tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))
