import pytest

from doctorsun.storage.hub.spare import spare_files, trainer_files

NEW = ["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]
OLD = ["pytorch_model-00001-of-00002.bin", "pytorch_model.bin.index.json"]


def test_an_older_format_beside_safetensors_is_spare():
    assert spare_files([*NEW, *OLD]) == set(OLD)
    assert spare_files(["a/model.safetensors", "a/pytorch_model.bin"]) == {"a/pytorch_model.bin"}


@pytest.mark.parametrize(
    "path",
    ["original/consolidated.00.pth", "consolidated.safetensors", "consolidated.00.pth"],
    ids=["Llama 3", "Mistral v0.3", "Mistral v0.1"],
)
def test_the_format_before_transformers_is_spare(path: str):
    assert spare_files([*NEW, path, "original/tokenizer.model"]) == {path}


def test_an_older_format_alone_is_needed():
    assert spare_files(["config.json", *OLD]) == set()
    assert spare_files(["model.safetensors", "vision/pytorch_model.bin"]) == set()
    assert spare_files(["consolidated.00.pth", "params.json"]) == set()


@pytest.mark.parametrize(
    "path",
    [
        "mm_projector.bin",
        "non_lora_trainables.bin",
        "adapter_model.bin",
        "iter_1.pth",
        "iter_1.pth/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt",
        "pytorch_model_head/x.bin",
    ],
)
def test_parts_of_their_own_are_needed(path: str):
    assert spare_files([*NEW, path]) == set()


@pytest.mark.parametrize(
    "path",
    [
        *("optimizer.pt", "a/optimizer.bin", "scheduler.pt", "rng_state_0.pth", "scaler.pt", "training_args.bin"),
        *("a/trainer_state.json", "latest"),
    ],
)
def test_what_a_trainer_kept_for_itself_is_spare(path: str):
    assert spare_files([path, "config.json"]) == {path}
    assert trainer_files([path, "config.json", *NEW, *OLD]) == {path}


def test_the_name_of_a_step_that_is_there_is_needed():
    ranks = "global_step10/mp_rank_00_model_states.pt"
    assert trainer_files(["latest", ranks]) == trainer_files(["a/latest", f"a/{ranks}"]) == set()
    assert trainer_files(["a/latest", ranks]) == {"a/latest"}
