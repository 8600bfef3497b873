import json
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import GemmaConfig, LlavaConfig, OPTConfig

from checkpoints.clip import tower_config
from checkpoints.internlm2 import INTERNLM2_CONFIG
from checkpoints.llama import LLAMA2_CONFIG, LLAMA_CONFIG
from checkpoints.mistral import MISTRAL_CONFIG
from checkpoints.qwen2 import QWEN2_CONFIG
from doctorsun.errors import WeightsError
from doctorsun.weights.config_files import generation_config, llava_config, portable_config
from doctorsun.weights.internlm2 import llama_settings
from doctorsun.weights.lazy import LazyTensor
from doctorsun.weights.parts import LanguagePart, Parts, ProjectorPart, VisionPart
from doctorsun.weights.tensors.number_type import NumberType
from doctorsun.weights.tensors.tensor_files import TensorHeader

CONFIGS = {
    "llama 3.1": LLAMA_CONFIG,
    "llama 2": LLAMA2_CONFIG,
    "internlm2": llama_settings(INTERNLM2_CONFIG),
    "mistral": MISTRAL_CONFIG,
    "qwen2": QWEN2_CONFIG,
}


def lazy(*shape: int) -> LazyTensor:
    return LazyTensor(TensorHeader(NumberType.FLOAT32, shape), lambda: torch.zeros(shape), ())


def parts(language: Any = LLAMA_CONFIG, **changes: Any) -> Parts:
    tensors = {"model.embed_tokens.weight": lazy(320, 48), "lm_head.weight": lazy(320, 48)}
    if changes.pop("tied", False):
        del tensors["lm_head.weight"]
    return Parts(
        vision=VisionPart(tensors={}, config={**tower_config(), **changes}),
        projector=ProjectorPart(tensors={"linear_1.bias": lazy(48)}),
        language=LanguagePart(tensors=tensors, config=language, tokenizer_folder=None),
    )


def portable(made: Parts) -> dict[str, Any]:
    return portable_config(llava_config(made, image_id=305, pad_id=306), NumberType.BFLOAT16)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_what_is_written_reads_as_what_it_was(name: str) -> None:
    config = llava_config(parts(CONFIGS[name]), image_id=305, pad_id=306)
    written = portable_config(config, NumberType.BFLOAT16)
    read = LlavaConfig(**json.loads(json.dumps(written)))
    assert portable_config(read, NumberType.BFLOAT16) == written
    assert (read.image_token_id, read.image_seq_length) == (305, 16)


@pytest.mark.parametrize("name", list(CONFIGS))
def test_readers_before_transformers_5_find_the_published_settings(name: str) -> None:
    """They know these names alone, and what is missing they fill with values of their own."""
    published, text = CONFIGS[name], portable(parts(CONFIGS[name]))["text_config"]
    dropped = {"architectures", "torch_dtype", "transformers_version", "vocab_size", "pad_token_id", "rope_scaling"}
    # A window that is not used is written as none.
    dropped |= {"sliding_window"} if published.get("use_sliding_window") is False else set()
    assert {each: text[each] for each in published if each not in dropped} == {
        each: value for each, value in published.items() if each not in dropped
    }
    assert text["rope_theta"] == published.get("rope_theta", 10000.0)
    assert (text["vocab_size"], text["pad_token_id"]) == (320, 306)
    assert (text["dtype"], text["torch_dtype"]) == ("bfloat16", "bfloat16")


def test_scaling_of_positions_stands_in_the_old_form_and_the_new() -> None:
    llama = portable(parts())["text_config"]
    assert llama["rope_scaling"] == LLAMA_CONFIG["rope_scaling"]
    assert llama["rope_parameters"] == {**LLAMA_CONFIG["rope_scaling"], "rope_theta": 500000.0}
    dynamic = portable(parts(CONFIGS["internlm2"]))["text_config"]
    assert dynamic["rope_scaling"] == {"rope_type": "dynamic", "factor": 2.0}
    assert dynamic["rope_parameters"]["rope_theta"] == dynamic["rope_theta"] == 1000000
    plain = portable(parts(MISTRAL_CONFIG))["text_config"]
    assert plain["rope_scaling"] is None
    assert plain["rope_parameters"] == {"rope_type": "default", "rope_theta": 1000000.0}


def test_every_reader_finds_its_names() -> None:
    written = portable(parts())
    assert written["architectures"] == ["LlavaForConditionalGeneration"]
    assert (written["image_token_id"], written["image_token_index"], written["pad_token_id"]) == (305, 305, 306)
    assert (written["model_type"], written["dtype"], written["torch_dtype"]) == ("llava", "bfloat16", "bfloat16")
    assert written["multimodal_projector_bias"] is True
    assert (written["vision_feature_layer"], written["vision_feature_select_strategy"]) == (-2, "default")
    assert written["text_config"]["architectures"] == ["LlamaForCausalLM"]
    assert written["vision_config"]["architectures"] == ["CLIPVisionModel"]
    assert tower_config().items() <= written["vision_config"].items()


def test_nothing_that_names_code_or_places_is_taken_over() -> None:
    strange = {"auto_map": {"AutoModel": "evil.Model"}, "_name_or_path": "somewhere", "transformers_version": "4.99"}
    written = json.dumps(portable(parts({**LLAMA_CONFIG, **strange}, **strange)))
    assert "evil" not in written
    assert "somewhere" not in written
    assert "4.99" not in written


def test_the_class_token_is_one_more_visual_token() -> None:
    whole = parts()
    written = portable(replace(whole, projector=replace(whole.projector, feature_strategy="full", feature_layer=-3)))
    assert (written["image_seq_length"], written["vision_feature_layer"]) == (17, -3)
    assert written["vision_feature_select_strategy"] == "full"


def test_the_settings_of_the_parts_stay_as_they_are() -> None:
    """transformers writes ``rope_theta`` into the scaling that it is given."""
    settings = {**LLAMA_CONFIG, "rope_scaling": dict(LLAMA_CONFIG["rope_scaling"])}
    portable(parts(settings))
    assert "rope_theta" not in settings["rope_scaling"]


def test_a_missing_head_is_a_tied_one() -> None:
    written = portable(parts(tied=True))
    assert written["tie_word_embeddings"] is written["text_config"]["tie_word_embeddings"] is True
    assert portable(parts({**LLAMA_CONFIG, "tie_word_embeddings": True}))["tie_word_embeddings"] is False


def test_language_models_of_other_kinds_are_written_as_they_are() -> None:
    """Training takes any LLaVA that transformers loads, and saves it again."""
    sizes = {"hidden_size": 48, "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 8, "vocab_size": 320}
    gemma = portable_config(LlavaConfig(text_config=GemmaConfig(**sizes)), NumberType.FLOAT32)
    assert gemma["text_config"]["architectures"] == ["GemmaForCausalLM"]
    opt = portable_config(LlavaConfig(text_config=OPTConfig(word_embed_proj_dim=48)), NumberType.FLOAT32)
    assert "rope_theta" not in opt["text_config"]
    assert LlavaConfig(**opt).text_config.word_embed_proj_dim == 48


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(
        WeightsError, match=r"^the configuration of these weights: got .*hidden size.*, expected settings"
    ):
        llava_config(parts(num_attention_heads=5), image_id=305, pad_id=306)
    with pytest.raises(
        WeightsError, match="expected settings of a CLIP tower and of one of llama, mistral, qwen2; mend"
    ):
        llava_config(parts({**LLAMA_CONFIG, "model_type": "no_such_model"}), image_id=305, pad_id=306)


def test_answers_end_where_the_tokenizer_says() -> None:
    published = {
        "_from_model_config": True,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "temperature": 0.6,
        "do_sample": True,
    }
    written = generation_config(published, bos_id=1, stop_ids=(304, 301), pad_id=306)
    version = written.pop("transformers_version")
    assert written == {
        "bos_token_id": 1,
        "do_sample": True,
        "eos_token_id": [304, 301],
        "pad_token_id": 306,
        "temperature": 0.6,
    }
    assert version
    assert "bos_token_id" not in generation_config({}, bos_id=None, stop_ids=(2,), pad_id=0)
