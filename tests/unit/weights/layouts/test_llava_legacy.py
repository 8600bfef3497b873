from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.clip import MEAN, tower_config
from checkpoints.llama import llama_shapes, random_tensors
from checkpoints.llava_legacy import DOCTOR_SUN, write_doctor_sun, write_llava_med, write_qilin_med_vl
from checkpoints.tokenizer_files import write_qwen2_tokenizer
from checkpoints.weight_files import write_json, write_tensors
from doctorsun.errors import WeightsError
from doctorsun.weights.complete import complete
from doctorsun.weights.parts import ReadOptions
from doctorsun.weights.published import find_layout, read_published
from doctorsun.weights.rope import LLAMA_3_1_SCALING

TOWER = ReadOptions(vision_config=tower_config())


def refusal(folder: Path, **changes: Any) -> str:
    write_doctor_sun(folder, tower=False, **changes)
    with pytest.raises(WeightsError) as error:
        read_published(folder)
    return str(error.value)


def test_doctor_sun_is_read_whole(tmp_path: Path) -> None:
    tensors = write_doctor_sun(tmp_path)
    published = read_published(tmp_path, TOWER)
    assert (published.layout, published.left_over) == ("llava_legacy", {})
    assert published.strange == (
        "mm_vision_tower './iter_23226_visual_encoder' is not followed: the tower is in the files",
        "config.json says float16, the language model is float32",
        "the tokenizer names no token for padding",
    )
    vision, projector, language = published.vision, published.projector, published.language
    assert vision is not None
    assert projector is not None
    assert language is not None
    assert len(vision.tensors) + len(projector.tensors) + len(language.tensors) == len(tensors)
    assert vision.image_mean == MEAN
    assert vision.config["num_attention_heads"] == 4
    assert (projector.feature_layer, projector.feature_strategy, projector.fit) == (-2, "default", "pad")
    name = "vision_model.embeddings.class_embedding"
    assert torch.equal(vision.tensors[name].compute(), tensors[f"model.vision_tower.vision_tower.{name}"])
    assert torch.equal(projector.tensors["linear_1.bias"].compute(), tensors["model.mm_projector.0.bias"])
    assert torch.equal(language.tensors["lm_head.weight"].compute(), tensors["lm_head.weight"])
    assert (language.chat, language.tokenizer_folder) == ("llama3", tmp_path)
    assert language.generation == {"bos_token_id": 300, "eos_token_id": 301}
    assert language.config["model_type"] == "llama"
    assert not [setting for setting in language.config if setting.startswith("mm_")]


def test_without_a_configuration_the_head_count_of_the_tower_is_asked_for(tmp_path: Path) -> None:
    write_doctor_sun(tmp_path)
    with pytest.raises(WeightsError, match="give --vision-config FILE"):
        complete(read_published(tmp_path))


def test_qilin_med_vl_comes_without_a_tower_and_with_the_files_of_its_trainer(tmp_path: Path) -> None:
    write_qilin_med_vl(tmp_path)
    published = read_published(tmp_path)
    assert published.vision is None
    assert published.language is not None
    assert published.language.chat == "vicuna_v1"
    assert published.left_over == {
        f"model.layers.{index}.self_attn.rotary_emb.inv_freq": "rotary frequencies, computed from the settings"
        for index in range(2)
    }
    ranks = ", ".join(f"rng_state_{rank}.pth" for rank in range(8))
    tower = "mm_vision_tower 'openai/clip-vit-large-patch14-336'"
    assert published.strange == (
        f"{tower} is not followed, and no tower is in the files: give --vision",
        "config.json says bfloat16, the language model is float32",
        "the tokenizer names no token for padding",
        f"beside the weights, not read: mm_projector.bin, {ranks}, trainer_state.json, training_args.bin",
    )


def test_a_tower_that_was_trained_is_missed(tmp_path: Path) -> None:
    write_llava_med(tmp_path, tower=False)
    first = read_published(tmp_path).strange[0]
    assert first.endswith("give --vision (that very one: it was trained, too)")


def test_llava_med_is_a_mistral(tmp_path: Path) -> None:
    write_llava_med(tmp_path)
    language = read_published(tmp_path, TOWER).language
    assert language is not None
    assert (language.chat, language.config["model_type"]) == ("mistral_instruct", "mistral")
    assert language.config["sliding_window"] is None
    write_llava_med(tmp_path / "v0.1", sliding_window=4096)
    v01 = read_published(tmp_path / "v0.1", TOWER).language
    assert v01 is not None
    assert v01.config["sliding_window"] == 4096


def test_a_qwen2_inside_is_read(tmp_path: Path) -> None:
    write_doctor_sun(tmp_path, tower=False)
    config = {**DOCTOR_SUN, "architectures": ["LlavaQwen2ForCausalLM"], "model_type": "qwen2"}
    projector = {name: shape for name, shape in read_published(tmp_path).tensors.items() if "mm_projector" in name}
    shapes = llama_shapes(config) | {name: header.shape for name, header in projector.items()}
    write_tensors(tmp_path / "qwen2", random_tensors(shapes, seed=3), kind="safetensors")
    write_json(tmp_path / "qwen2" / "config.json", {**config, "model_type": "llava_qwen2"})
    language = read_published(tmp_path / "qwen2").language
    assert language is not None
    assert (language.config["model_type"], language.chat) == ("qwen2", "chatml")
    assert language.tokenizer_folder is None


@pytest.mark.parametrize(
    ("changes", "model_type"),
    [
        ({"architectures": None, "model_type": "llava"}, "llama"),
        ({"architectures": None, "model_type": "llava_llama"}, "llama"),
        ({"architectures": None, "model_type": "llava_mistral"}, "mistral"),
    ],
)
def test_a_silent_architecture_is_told_by_the_model_type(
    tmp_path: Path, changes: dict[str, Any], model_type: str
) -> None:
    write_doctor_sun(tmp_path, tower=False, **changes)
    assert find_layout(tmp_path).name == "llava_legacy"
    language = read_published(tmp_path).language
    assert language is not None
    assert language.config["model_type"] == model_type


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architectures": ["LlavaMptForCausalLM"]}, "architectures: got LlavaMptForCausalLM, expected Llava"),
        (
            {"mm_projector_type": "linear"},
            "mm_projector_type: got 'linear', expected 'mlp2x_gelu': transformers' LLaVA",
        ),
        ({"mm_projector_type": "mlp3x_gelu"}, "mm_projector_type: got 'mlp3x_gelu'"),
        ({"mm_vision_select_feature": "cls"}, "mm_vision_select_feature: got 'cls', expected 'patch' or 'cls_patch'"),
        ({"image_aspect_ratio": "anyres"}, "image_aspect_ratio: got 'anyres', expected 'square' or 'pad'"),
        ({"mm_vision_select_layer": [-2, -5]}, "mm_vision_select_layer: got [-2, -5], expected one whole number"),
        ({"mm_resampler_type": "spatial_pool"}, "mm_resampler_type: got 'spatial_pool', expected none"),
        ({"s2": True}, "s2: got True, expected none"),
        ({"vocab_size": 128256}, "vocab_size: got 128256, expected 305, as the shapes say"),
    ],
)
def test_what_transformers_llava_has_not_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_doctor_sun(tmp_path, tower=False)
    write_json(tmp_path / "config.json", {**DOCTOR_SUN, **changes})
    with pytest.raises(WeightsError) as error:
        read_published(tmp_path)
    assert message in str(error.value)


def test_the_class_token_of_another_layer_may_enter(tmp_path: Path) -> None:
    changes = {"mm_vision_select_feature": "cls_patch", "mm_vision_select_layer": -3, "image_aspect_ratio": None}
    write_doctor_sun(tmp_path, tower=False, **changes)
    projector = read_published(tmp_path).projector
    assert projector is not None
    assert (projector.feature_layer, projector.feature_strategy, projector.fit) == (-3, "full", "crop")


def test_a_llama_with_the_tokens_of_chatml_was_tuned_with_it(tmp_path: Path) -> None:
    write_doctor_sun(tmp_path, tower=False)
    write_qwen2_tokenizer(tmp_path)
    language = read_published(tmp_path).language
    assert language is not None
    assert language.chat == "chatml"


def test_a_configuration_that_tells_no_type_is_not_strange(tmp_path: Path) -> None:
    write_doctor_sun(tmp_path, tower=False, torch_dtype=None)
    assert not [note for note in read_published(tmp_path).strange if note.startswith("config.json says")]


def test_tokens_around_images_and_settings_of_no_known_use_are_told(tmp_path: Path) -> None:
    write_doctor_sun(
        tmp_path,
        tower=False,
        mm_use_im_start_end=True,
        mm_use_im_patch_token=True,
        num_experts=2,
        torch_dtype="float32",
    )
    assert read_published(tmp_path).strange[1:] == (
        "mm_use_im_start_end: images stood between <im_start> and <im_end>: say so in the template",
        "mm_use_im_patch_token: the vocabulary holds <im_patch>, which nothing needs",
        "settings of no known use: num_experts",
        "the tokenizer names no token for padding",
    )


def test_the_user_mends_an_edited_rope(tmp_path: Path) -> None:
    scaling = dict(LLAMA_3_1_SCALING)
    write_doctor_sun(tmp_path, tower=False)
    language = read_published(tmp_path, ReadOptions(text_config={"rope_scaling": scaling})).language
    assert language is not None
    assert language.config["rope_scaling"] == scaling
    assert language.config["rope_theta"] == 500000.0


@pytest.mark.parametrize("name", ["llava-13b-delta-v0", "LLaVA-Med-Delta"])
def test_deltas_are_refused(tmp_path: Path, name: str) -> None:
    assert "got a delta: what has to be added to LLaMA's weights, expected weights" in refusal(tmp_path / name)


def test_what_lies_beside_low_rank_changes_is_no_weights(tmp_path: Path) -> None:
    write_doctor_sun(tmp_path, tower=False)
    (tmp_path / "non_lora_trainables.bin").write_bytes(b"")
    with pytest.raises(
        WeightsError, match=r"got non_lora_trainables[.]bin, .* fetch adapter_config[.]json and adapter_"
    ):
        read_published(tmp_path)


def test_code_in_the_folder_is_never_run(tmp_path: Path) -> None:
    write_qilin_med_vl(tmp_path, auto_map={"AutoModelForCausalLM": "zero_to_fp32.Model"})
    assert read_published(tmp_path).layout == "llava_legacy"
