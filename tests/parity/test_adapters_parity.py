"""Adapters that train here, against peft's own model: outputs, gradients, and what it reads of our files."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import AutoModelForImageTextToText

from doctorsun.config import LoraSection, PartName
from doctorsun.model.trainable import Learning, set_trainable
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.trained import save_trained
from small_model import save_small, small_processor

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
LORA: dict[PartName, LoraSection] = {"vision": LoraSection(r=4, alpha=6), "language": LoraSection(r=2, alpha=8)}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("start") / "start")


def inputs() -> dict[str, Tensor]:
    places = torch.full((16,), small_processor().image_token_id)
    ids = torch.cat([torch.arange(20, 25), places, torch.arange(30, 46)])[None]
    return {"input_ids": ids, "labels": ids, "pixel_values": torch.linspace(-1, 1, 3 * 32 * 32).view(1, 3, 32, 32)}


def trained(start: Path) -> tuple[Any, Learning]:
    model, _ = load_weights(start)
    learning = set_trainable(model, ["vision", "projector", "language"], LORA, seed=1)
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for named in learning.values():
            for parameter in named.values():
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=random))
    return model, learning


def test_peft_reads_what_a_stage_leaves_onto_its_start_and_answers_the_same(tmp_path: Path, start: Path) -> None:
    model, _ = trained(start)
    save_trained(model, start, tmp_path / "stage", adapters=LORA)
    theirs: Any = AutoModelForImageTextToText.from_pretrained(start)
    theirs.model.multi_modal_projector.load_state_dict(model.model.multi_modal_projector.state_dict())
    theirs = PeftModel.from_pretrained(theirs, tmp_path / "stage/adapters/vision", adapter_name="vision")
    theirs.load_adapter(tmp_path / "stage/adapters/language", adapter_name="language")
    theirs.base_model.set_adapter(["vision", "language"])
    merged: Any = AutoModelForImageTextToText.from_pretrained(tmp_path / "stage/weights")
    with torch.no_grad():
        expected = theirs.eval()(**inputs()).logits
        torch.testing.assert_close(model.eval()(**inputs()).logits, expected, atol=1e-6, rtol=0)
        torch.testing.assert_close(merged.eval()(**inputs()).logits, expected, atol=1e-5, rtol=0)


def test_gradients_are_those_of_peft(start: Path) -> None:
    model, learning = trained(start)
    model.eval()(**inputs()).loss.backward()
    base: Any = AutoModelForImageTextToText.from_pretrained(start)
    base.model.multi_modal_projector.load_state_dict(model.model.multi_modal_projector.state_dict())
    names = [name.removesuffix(".lora_A.weight") for name in learning["language"] if "lora_A" in name]
    theirs: Any = get_peft_model(base, LoraConfig(r=2, lora_alpha=8, target_modules=names))
    tower = [name.removesuffix(".lora_A.weight") for name in learning["vision"] if "lora_A" in name]
    theirs.add_adapter("vision", LoraConfig(r=4, lora_alpha=6, target_modules=tower))
    theirs.base_model.set_adapter(["default", "vision"])
    found = dict(theirs.named_parameters())
    ours = {**learning["language"], **learning["vision"]}
    for name, parameter in ours.items():
        adapter = "vision" if "vision_tower" in name else "default"
        other = found[f"base_model.model.{name.removesuffix('.weight')}.{adapter}.weight"]
        other.data.copy_(parameter.data)
    theirs.eval()(**inputs()).loss.backward()
    for name, parameter in ours.items():
        adapter = "vision" if "vision_tower" in name else "default"
        other = found[f"base_model.model.{name.removesuffix('.weight')}.{adapter}.weight"]
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, other.grad, atol=1e-7, rtol=1e-4, msg=name)
    frozen = [name for name, p in model.named_parameters() if p.grad is not None and not p.requires_grad]
    assert not frozen
