"""InternLM2 read as a Llama against the forward pass of its published code."""

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from checkpoints.internlm2 import INTERNLM2_CONFIG, write_internlm2
from checkpoints.internlm2_forward import internlm2_logits
from doctorsun.weights.parts import LanguagePart
from doctorsun.weights.published import read_published

torch.set_num_threads(1)
IDS = torch.tensor([1, 7, 42, 9, 260, 11, 3])


def language_of(folder: Path) -> LanguagePart:
    part = read_published(folder).language
    assert part is not None
    return part


@torch.no_grad()
def llama_logits(part: LanguagePart, ids: Tensor) -> Tensor:
    model = LlamaForCausalLM(LlamaConfig(**cast("dict[str, Any]", part.config)))
    model.load_state_dict({name: tensor.compute() for name, tensor in part.tensors.items()})
    return model.eval()(ids[None]).logits[0]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("num_groups", [1, 2, 6])
def test_the_llama_gives_the_logits_of_the_published_code(tmp_path: Path, num_groups: int, *, bias: bool) -> None:
    changes = {"num_key_value_heads": num_groups, "bias": bias, "torch_dtype": "float32"}
    tensors = write_internlm2(tmp_path / "published", dtype=torch.float32, **changes)
    expected = internlm2_logits(tensors, {**INTERNLM2_CONFIG, **changes}, IDS)
    assert expected.std() > 0.3  # nothing vanishes on the way
    torch.testing.assert_close(llama_logits(language_of(tmp_path / "published"), IDS), expected, atol=1e-5, rtol=0)
