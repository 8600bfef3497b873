"""Folders that we save against transformers' own loaders, without any code of ours."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor, LlavaForConditionalGeneration

from doctorsun.weights.hugging_face import load_weights, save_weights
from small_model import image, png, question, save_small, small_model, small_processor

PICTURE = png(5)
KINDS = ("weight", "bias")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small(tmp_path_factory.mktemp("saved") / "weights")


def logits(model: LlavaForConditionalGeneration) -> torch.Tensor:
    processor = small_processor()
    ids = processor.render(question("a", "左肺有结节吗?", "未见结节。", image(PICTURE))).ids
    pixels = torch.from_numpy(processor.pixels(PICTURE).astype(np.float32))[None] / 255
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor(ids, dtype=torch.int64)[None], pixel_values=pixels).logits


def test_plain_transformers_load_the_same_network(folder: Path) -> None:
    loaded = AutoModelForImageTextToText.from_pretrained(folder)
    assert type(loaded) is LlavaForConditionalGeneration
    assert torch.equal(logits(loaded), logits(small_model()))


def test_our_loader_gives_the_same_network(folder: Path) -> None:
    model, processor = load_weights(folder)
    assert torch.equal(logits(model), logits(small_model()))
    assert not model.training
    assert processor.tokenizer.to_str() == small_processor().tokenizer.to_str()


def test_names_and_settings_are_those_that_older_readers_know(folder: Path) -> None:
    names = {re.sub(r"[.]\d+[.].*", ".N", name) for name in load_file(folder / "model.safetensors")}
    assert names == {
        "vision_tower.vision_model.embeddings.class_embedding",
        "vision_tower.vision_model.embeddings.patch_embedding.weight",
        "vision_tower.vision_model.embeddings.position_embedding.weight",
        *(f"vision_tower.vision_model.{norm}.{kind}" for norm in ("pre_layrnorm", "post_layernorm") for kind in KINDS),
        "vision_tower.vision_model.encoder.layers.N",
        *(f"multi_modal_projector.linear_{number}.{kind}" for number in (1, 2) for kind in KINDS),
        "language_model.model.embed_tokens.weight",
        "language_model.model.layers.N",
        "language_model.model.norm.weight",
        "language_model.lm_head.weight",
    }
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text, vision = config["text_config"], config["vision_config"]
    assert config["image_token_index"] == config["image_token_id"] == small_processor().image_token_id
    assert config["torch_dtype"] == config["dtype"] == text["torch_dtype"] == vision["torch_dtype"] == "float32"
    assert (text["rope_theta"], text["rope_scaling"]) == (text["rope_parameters"]["rope_theta"], None)
    assert (text["architectures"], vision["architectures"]) == (["LlamaForCausalLM"], ["CLIPVisionModel"])


def test_a_head_that_is_the_embedding_stands_there_once(folder: Path, tmp_path: Path) -> None:
    model = small_model()
    model.config.tie_word_embeddings = True
    model.config.text_config.tie_word_embeddings = True
    model.lm_head.weight = model.get_input_embeddings().weight
    save_weights(model, folder, tmp_path / "tied")
    names = load_file(tmp_path / "tied/model.safetensors").keys()
    assert names == load_file(folder / "model.safetensors").keys() - {"language_model.lm_head.weight"}
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path / "tied")
    assert torch.equal(logits(loaded), logits(model))
    assert torch.equal(logits(load_weights(tmp_path / "tied")[0]), logits(model))


def test_bfloat16_stays(folder: Path, tmp_path: Path) -> None:
    model = small_model().to(torch.bfloat16)
    save_weights(model, folder, tmp_path / "half")
    loaded, _ = load_weights(tmp_path / "half")
    assert loaded.dtype == torch.bfloat16
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(model.parameters(), loaded.parameters(), strict=True))


def test_a_folder_that_transformers_saved_is_loaded(folder: Path, tmp_path: Path) -> None:
    AutoModelForImageTextToText.from_pretrained(folder).save_pretrained(tmp_path)
    AutoProcessor.from_pretrained(folder).save_pretrained(tmp_path)
    model, processor = load_weights(tmp_path)
    assert torch.equal(logits(model), logits(small_model()))
    assert processor.num_visual_tokens == small_processor().num_visual_tokens


def test_answers_of_plain_transformers_end_where_ours_do(folder: Path) -> None:
    config = AutoModelForImageTextToText.from_pretrained(folder).generation_config
    assert config.eos_token_id == list(small_processor().stop_ids)
    assert config.pad_token_id == small_processor().token_id("<pad>")
