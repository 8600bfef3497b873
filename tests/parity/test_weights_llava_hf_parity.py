"""transformers' LLaVA of every version, imported, against the forward pass of the published classes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from checkpoints.clip import tower_config
from checkpoints.enhanced_llava import write_enhanced_llava
from checkpoints.internlm2 import INTERNLM2_CONFIG
from checkpoints.llama import LLAMA_CONFIG
from checkpoints.llava_hf import Names, write_llava_hf
from checkpoints.published_forward import PublishedLlava, below, require_equal_logits
from doctorsun.weights.hugging_face import load_weights
from doctorsun.weights.import_weights import import_weights
from small_model import save_small

SEQUENTIAL = {"linear_1": "0", "linear_2": "2"}


def published(tensors: Mapping[str, Tensor], settings: Mapping[str, Any]) -> PublishedLlava:
    projector = below(tensors, "multi_modal_projector.")
    return PublishedLlava(
        tower=below(tensors, "vision_tower."),
        tower_config=tower_config(),
        projector={f"{SEQUENTIAL[name[:8]]}{name[8:]}": tensor for name, tensor in projector.items()},
        language=below(tensors, "language_model."),
        language_config={**settings, "architectures": None},
    )


@pytest.mark.parametrize("names", ["4.37", "5.6", "in memory 4.52", "in memory 5.6"])
def test_names_of_every_version(tmp_path: Path, names: Names) -> None:
    tensors = write_llava_hf(tmp_path / "stock", names=names)
    import_weights(tmp_path / "stock", tmp_path / "out")
    require_equal_logits(published(tensors, {**LLAMA_CONFIG, "rope_scaling": None}), tmp_path / "out")


def test_a_folder_of_our_own_comes_back(tmp_path: Path) -> None:
    own = save_small(tmp_path / "own", fit="pad")
    import_weights(own, tmp_path / "out")
    (before, processor), (after, imported) = load_weights(own), load_weights(tmp_path / "out")
    state = after.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in before.state_dict().items())
    assert imported.images == processor.images
    assert imported.image_token_id == processor.image_token_id
    assert imported.stop_ids == processor.stop_ids


def test_gmai_vl_with_its_internlm2(tmp_path: Path) -> None:
    tensors = write_enhanced_llava(tmp_path / "gmai")
    import_weights(tmp_path / "gmai", tmp_path / "out")
    own = {name: value for name, value in INTERNLM2_CONFIG.items() if name not in {"auto_map", "attn_implementation"}}
    settings = {**own, "model_type": "llama", "attention_bias": False}
    require_equal_logits(published(tensors, settings), tmp_path / "out")
