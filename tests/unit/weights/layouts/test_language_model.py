import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from checkpoints.internlm2 import INTERNLM2_CONFIG, write_internlm2
from checkpoints.llama import LLAMA2_CONFIG, LLAMA_CONFIG, llama_shapes, write_llama2, write_llama3
from checkpoints.mistral import MISTRAL_CONFIG, write_mistral
from checkpoints.qwen2 import QWEN2_CONFIG, write_qwen2
from checkpoints.weight_files import write_file, write_json
from doctorsun.errors import WeightsError
from doctorsun.weights.internlm2 import llama_settings
from doctorsun.weights.layouts import language_model
from doctorsun.weights.parts import LanguagePart, Published, ReadOptions
from doctorsun.weights.published import find_layout, read_published

Write = Callable[..., dict[str, torch.Tensor]]
KINDS: dict[str, tuple[Write, Any]] = {
    "llama 3": (write_llama3, LLAMA_CONFIG),
    "llama 2": (write_llama2, LLAMA2_CONFIG),
    "mistral": (write_mistral, MISTRAL_CONFIG),
    "qwen2": (write_qwen2, QWEN2_CONFIG),
    "internlm2": (write_internlm2, llama_settings(INTERNLM2_CONFIG)),
}


def read(folder: Path, options: ReadOptions | None = None) -> tuple[Published, LanguagePart]:
    published = read_published(folder, options)
    assert published.language is not None
    return published, published.language


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_read_by_the_names_of_a_llama(tmp_path: Path, name: str) -> None:
    write, config = KINDS[name]
    tensors = write(tmp_path / "published")
    published, language = read(tmp_path / "published")
    assert (published.layout, published.vision, published.projector) == ("language_model", None, None)
    assert {each: tensor.header.shape for each, tensor in language.tensors.items()} == llama_shapes(config)
    assert language.config["model_type"] == config["model_type"]
    assert language.config["num_key_value_heads"] == config["num_key_value_heads"]
    assert language.config.get("rope_scaling") == config.get("rope_scaling")
    assert language.tokenizer_folder == tmp_path / "published"
    assert language.generation["bos_token_id"] == config["bos_token_id"]
    last = "model.norm.weight"
    assert torch.equal(language.tensors[last].compute(), tensors[last])


def test_buffers_are_counted_anew(tmp_path: Path) -> None:
    write_llama2(tmp_path / "published")
    published, _ = read(tmp_path / "published")
    names = {f"model.layers.{index}.self_attn.rotary_emb.inv_freq" for index in range(2)}
    assert published.left_over == dict.fromkeys(names, "rotary frequencies, computed from the settings")


def test_a_tied_head_is_not_stored_or_left_over(tmp_path: Path) -> None:
    write_qwen2(tmp_path / "tied", tie_word_embeddings=True)
    published, language = read(tmp_path / "tied")
    assert "lm_head.weight" not in language.tensors
    assert published.left_over == {}
    tensors = load_file(tmp_path / "tied/model.safetensors")
    head = tensors["model.embed_tokens.weight"].clone()
    write_file(tmp_path / "tied/model.safetensors", {**tensors, "lm_head.weight": head})
    published, language = read(tmp_path / "tied")
    assert "lm_head.weight" not in language.tensors
    assert published.left_over == {"lm_head.weight": "the settings tie it to model.embed_tokens.weight"}


def test_a_model_that_stands_without_its_head_class_has_the_names_of_one_that_does(tmp_path: Path) -> None:
    """What ``AutoModel.save_pretrained`` writes lacks ``model.`` in front; tied, it is a whole language model."""
    tensors = write_llama3(tmp_path / "published", tie_word_embeddings=True)
    bare = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    write_file(tmp_path / "published/model.safetensors", bare)
    _, language = read(tmp_path / "published")
    assert language.tensors.keys() == tensors.keys()


def test_the_code_beside_an_internlm2_is_not_run(tmp_path: Path) -> None:
    write_internlm2(tmp_path / "published")
    assert "SystemExit" in (tmp_path / "published/modeling_internlm2.py").read_text()
    _, language = read(tmp_path / "published")
    assert "auto_map" not in language.config


def test_both_forms_of_rotary_settings_are_read(tmp_path: Path) -> None:
    rope = {**LLAMA_CONFIG["rope_scaling"], "rope_theta": 500000.0}
    write_llama3(tmp_path / "new", rope_parameters=rope, rope_scaling=None, rope_theta=None)
    write_llama3(tmp_path / "old")
    (_, new), (_, old) = read(tmp_path / "new"), read(tmp_path / "old")
    assert new.config["rope_theta"] == old.config["rope_theta"] == 500000.0
    assert new.config["rope_scaling"] == old.config["rope_scaling"] == LLAMA_CONFIG["rope_scaling"]


def test_settings_of_the_user_stand_against_the_folders(tmp_path: Path) -> None:
    write_llama3(tmp_path / "published")
    _, language = read(tmp_path / "published", ReadOptions(text_config={"rope_theta": 1.5, "rope_scaling": None}))
    assert (language.config["rope_theta"], language.config["rope_scaling"]) == (1.5, None)


@pytest.mark.parametrize("config", [{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, {}])
def test_other_folders_are_not_matched(tmp_path: Path, config: dict[str, Any]) -> None:
    write_json(tmp_path / "config.json", config)
    assert not language_model.matches(tmp_path)
    assert not language_model.matches(tmp_path / "config.json")


def test_a_causal_model_of_another_kind_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write_json(tmp_path / "config.json", {"model_type": "baichuan", "architectures": ["BaichuanForCausalLM"]})
    assert find_layout(tmp_path).name == "language_model"
    with pytest.raises(WeightsError) as error:
        read_published(tmp_path)
    assert error.value.text() == (
        f"{tmp_path}: config.json: model_type: got 'baichuan', expected llama, mistral, qwen2, internlm2; "
        "name a language model of one of these kinds"
    )


def test_a_tensor_of_no_known_use_is_refused(tmp_path: Path) -> None:
    write_qwen2(tmp_path / "published")
    tensors = load_file(tmp_path / "published/model.safetensors")
    write_file(tmp_path / "published/model.safetensors", {**tensors, "value_head.weight": torch.zeros(2)})
    with pytest.raises(WeightsError, match=r"1 tensors of no known use, the first value_head\.weight"):
        read_published(tmp_path / "published")


def test_heads_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_internlm2(tmp_path / "published")
    config = json.loads((tmp_path / "published/config.json").read_text())
    write_json(tmp_path / "published/config.json", {**config, "num_key_value_heads": 3})
    with pytest.raises(WeightsError, match="got 80 rows, expected 96 for 6 heads of queries and 3 of keys and values"):
        read_published(tmp_path / "published")
