"""Adapters that peft saves, joined here, against peft's own ``merge_and_unload``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, CLIPVisionModel

from checkpoints.clip import tower_config, write_tower
from checkpoints.llama import write_llama3
from checkpoints.llava_legacy import write_doctor_sun
from doctorsun.weights.import_weights import ImportRequest, import_weights
from doctorsun.weights.lora import joined
from doctorsun.weights.merge import merge_adapter
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.portable_names import portable_name
from doctorsun.weights.published import read_published
from doctorsun.weights.tensors.open import open_tensors

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*fan_in_fan_out.*:UserWarning"),
]
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj", "out_proj"]
KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"target_modules": [*ATTENTION, "fc1", "fc2", "up_proj", "linear_1"]},
    "every linear layer": {"target_modules": "all-linear"},
    "rank-stabilised": {"target_modules": ATTENTION, "use_rslora": True},
    "patterns": {
        "target_modules": ATTENTION,
        "rank_pattern": {"q_proj": 5, r"language_model\.layers\.1\.self_attn\.v_proj": 2},
        "alpha_pattern": {"layers.0.self_attn.k_proj": 32, "out_proj": 3},
    },
    "biases and whole modules": {
        "target_modules": ATTENTION,
        "bias": "all",
        "modules_to_save": ["multi_modal_projector", "norm"],
    },
    "biases of what is changed": {"target_modules": ["q_proj", "linear_2"], "bias": "lora_only"},
    "embedding and head": {"target_modules": ["embed_tokens", "lm_head", "q_proj"]},
    "convolution": {"target_modules": ["patch_embedding"]},
    "set aside": {"target_modules": ["q_proj"], "fan_in_fan_out": True},
}


def tuned(network: Any, seed: int = 3, **settings: Any) -> Any:
    """Return a network with an adapter, every trained number of it random."""
    options: dict[str, Any] = {"r": 4, "lora_alpha": 6, **settings}
    tuned = get_peft_model(network, LoraConfig(**options))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in tuned.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return tuned


def state(network: nn.Module) -> dict[str, Tensor]:
    return {portable_name(name): tensor for name, tensor in network.state_dict().items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_doctor_sun(folder / "sun")
    request = ImportRequest(read=ReadOptions(vision_config=tower_config()), dtype="float32")
    import_weights(folder / "sun", folder / "stock", request)
    return folder / "stock"


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_llava(tmp_path: Path, base: Path, kind: str) -> None:
    network = tuned(AutoModelForImageTextToText.from_pretrained(base), **KINDS[kind])
    network.save_pretrained(tmp_path / "adapter")
    expected = state(network.merge_and_unload())
    report = merge_adapter(base, tmp_path / "adapter", tmp_path / "out")
    files = open_tensors(tmp_path / "out")
    assert files.headers.keys() == expected.keys()
    for name in files.headers:
        torch.testing.assert_close(files.read(name), expected[name], atol=2e-6, rtol=0)
    changed = [name for name in files.headers if not torch.equal(files.read(name), open_tensors(base).read(name))]
    assert changed
    assert report["sources"]["base"]["left_over"] == {}


def test_a_merged_llava_answers_as_the_tuned_one(tmp_path: Path, base: Path) -> None:
    network = tuned(AutoModelForImageTextToText.from_pretrained(base), **KINDS["every linear layer"]).eval()
    network.save_pretrained(tmp_path / "adapter")
    merge_adapter(base, tmp_path / "adapter", tmp_path / "out")
    merged = AutoModelForImageTextToText.from_pretrained(tmp_path / "out").eval()
    places = torch.full((merged.config.image_seq_length,), merged.config.image_token_id)
    inputs: dict[str, Tensor] = {
        "input_ids": torch.cat([torch.arange(20, 25), places, torch.arange(30, 36)])[None],
        "pixel_values": torch.randn(1, 3, 28, 28, generator=torch.Generator().manual_seed(1)),
    }
    with torch.no_grad():
        torch.testing.assert_close(merged(**inputs).logits, network(**inputs).logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize("old_names", [True, False])
def test_a_tower_of_clip(tmp_path: Path, *, old_names: bool) -> None:
    write_tower(tmp_path / "clip", old_names=old_names)
    network = tuned(CLIPVisionModel.from_pretrained(tmp_path / "clip"), target_modules="all-linear")
    network.save_pretrained(tmp_path / "adapter")
    part, adapter = read_published(tmp_path / "clip").vision, read_published(tmp_path / "adapter").adapters[0]
    assert part is not None
    result = joined(part.tensors, adapter)
    for name, tensor in network.merge_and_unload().state_dict().items():
        torch.testing.assert_close(result[f"vision_model.{name}"].compute(), tensor, atol=2e-6, rtol=0)


def test_a_language_model_in_half_precision_is_rounded_once(tmp_path: Path) -> None:
    write_llama3(tmp_path / "llama", dtype=torch.bfloat16)
    network = tuned(AutoModelForCausalLM.from_pretrained(tmp_path / "llama"), target_modules=ATTENTION)
    network.save_pretrained(tmp_path / "adapter")
    part, adapter = read_published(tmp_path / "llama").language, read_published(tmp_path / "adapter").adapters[0]
    assert part is not None
    result = joined(part.tensors, adapter)
    for name, tensor in network.merge_and_unload().state_dict().items():
        torch.testing.assert_close(result[name].compute(), tensor, atol=0, rtol=2**-7)  # peft rounds the change, too
    name, pair = next(iter(adapter.pairs.items()))
    exact = part.tensors[name].compute().float() + pair.scale * pair.up.compute() @ pair.down.compute()
    assert torch.equal(result[name].compute(), exact.bfloat16())
