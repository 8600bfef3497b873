"""Every layout tells which classes and functions its pickles name besides tensors."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.clip import tower_config, write_tower
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.llama import write_llama3
from checkpoints.llava_hf import write_llava_hf
from checkpoints.llava_legacy import DOCTOR_SUN, write_doctor_sun
from checkpoints.mm_projector import write_mm_projector
from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.weight_files import write_json
from checkpoints.xtuner import XtunerTraining, write_converted, write_iteration, write_iteration_of_ranks
from doctorsun.weights.inspect import inspect
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.tensors.open import open_tensors

OPTIONS = ReadOptions(vision_config=tower_config())
TOLD = "names argparse.Namespace: none is run"
CHANGES = adapter_tensors({"model.layers.0.self_attn.q_proj": (torch.ones(2, 48), torch.ones(48, 2), 8.0)})

WRITERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "llava_legacy": (write_doctor_sun, "pytorch_model.bin"),
    "llava_hf": (write_llava_hf, "pytorch_model.bin"),
    "enhanced_llava": (write_enhanced_llava, "pytorch_model.bin"),
    "clip": (write_tower, "pytorch_model.bin"),
    "language_model": (write_llama3, "pytorch_model.bin"),
    "mm_projector": (write_mm_projector, "mm_projector.bin"),
    "peft_adapter": (lambda path: write_adapter(path, CHANGES, {"r": 2, "lora_alpha": 16}), "adapter_model.bin"),
}


def write_with_settings_of_a_trainer(folder: Path, layout: str) -> None:
    """Write a checkpoint in one pickle that holds a foreign object beside the tensors."""
    write, name = WRITERS[layout]
    write(folder)
    old = folder / name
    files = open_tensors(old if old.is_file() else folder) if layout != "peft_adapter" else None
    tensors = {each: files.read(each) for each in files.headers} if files else CHANGES
    for path in (*folder.glob("*.safetensors"), *folder.glob("*.bin"), *folder.glob("*.index.json")):
        path.unlink()
    torch.save({**tensors, "args": Namespace(lr=1e-5)}, folder / name)


@pytest.mark.parametrize("layout", WRITERS)
def test_what_a_pickle_names_is_told(layout: str, tmp_path: Path) -> None:
    write_with_settings_of_a_trainer(tmp_path / "in", layout)
    facts = inspect(tmp_path / "in", OPTIONS)
    assert facts["layout"] == layout
    assert TOLD in facts["strange"]


@pytest.mark.parametrize("write", [write_iteration, write_iteration_of_ranks])
def test_what_a_checkpoint_of_xtuner_names_is_told(write: Any, tmp_path: Path) -> None:
    write(tmp_path / "iter_9.pth", XtunerTraining())
    strange = inspect(tmp_path / "iter_9.pth")["strange"]
    (told,) = (note for note in strange if note.endswith(": none is run"))
    assert "checkpoints." in told


def test_what_the_projector_of_a_converted_training_names_is_told(tmp_path: Path) -> None:
    write_converted(tmp_path, XtunerTraining())
    files = open_tensors(tmp_path / "projector")
    tensors = {name: files.read(name) for name in files.headers}
    for path in (tmp_path / "projector").glob("*.safetensors"):
        path.unlink()
    torch.save({**tensors, "args": Namespace()}, tmp_path / "projector/pytorch_model.bin")
    assert f"projector/: {TOLD}" in inspect(tmp_path)["strange"]


def test_it_is_told_of_weights_that_are_refused(tmp_path: Path) -> None:
    write_with_settings_of_a_trainer(tmp_path, "llava_legacy")
    write_json(tmp_path / "config.json", {**DOCTOR_SUN, "s2": True})
    facts = inspect(tmp_path)
    assert facts["loads"]["how"] == "no"
    assert facts["strange"] == (TOLD,)
