from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from checkpoints.zero import LossScaler, ZeroTraining, write_zero
from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.open import open_tensors
from doctorsun.weights.tensors.zero_checkpoint import open_zero_checkpoint
from doctorsun.weights.tensors.zero_ranks import is_zero_checkpoint

STAGES, RANKS = (1, 2, 3), (1, 2, 3)


def training(**changes: Any) -> ZeroTraining:
    generator = torch.Generator().manual_seed(7)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    state = ZeroTraining(
        groups=[
            {"llm.embed.weight": draw(11, 5), "llm.norm.weight": draw(7), "one": draw(1), "scalar": draw()},
            {"projector.model.0.weight": draw(3, 13), "projector.model.0.bias": draw(2, 1)},
        ],
        frozen={"visual_encoder.weight": draw(5, 3).bfloat16(), "visual_encoder.bias": draw(4).bfloat16()},
        buffers={"llm.inv_freq": draw(6), "position_ids": torch.arange(9)[None]},
        shared={"llm.lm_head.weight": "llm.embed.weight"},
        client_state={"meta": {"iter": 5}, "message_hub": {"log": LossScaler()}, "optim_wrapper": {}},
    )
    return replace(state, **changes)


def expected(state: ZeroTraining) -> dict[str, Tensor]:
    tensors = state.trained | (dict(state.frozen) if state.saves_frozen else {}) | dict(state.buffers)
    return tensors | {name: tensors[source] for name, source in state.shared.items()}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("num_ranks", RANKS)
def test_every_tensor_is_put_together(stage: int, num_ranks: int, tmp_path: Path) -> None:
    state = training()
    files = open_tensors(write_zero(tmp_path / "iter_5.pth", state, stage=stage, num_ranks=num_ranks))
    wanted = expected(state)
    assert set(files.headers) == set(wanted)
    for name, tensor in wanted.items():
        assert files.headers[name].shape == tuple(tensor.shape)
        assert files.headers[name].dtype.torch == tensor.dtype
        assert torch.equal(files.read(name), tensor), name


@pytest.mark.parametrize("stage", STAGES)
def test_frozen_parameters_may_have_been_left_out(stage: int, tmp_path: Path) -> None:
    state = training(saves_frozen=False, half=torch.float16)
    files = open_zero_checkpoint(write_zero(tmp_path / "iter_5.pth", state, stage=stage, num_ranks=2))
    assert set(files.headers) == set(expected(state))


@pytest.mark.parametrize("sub_group", [3, 17, 1000])
def test_a_parameter_may_reach_over_several_flat_tensors(sub_group: int, tmp_path: Path) -> None:
    state = training(sub_group=sub_group)
    files = open_zero_checkpoint(write_zero(tmp_path / "iter_5.pth", state, stage=3, num_ranks=3))
    assert all(torch.equal(files.read(name), tensor) for name, tensor in state.trained.items())


def test_only_the_bytes_of_a_tensor_are_read(tmp_path: Path) -> None:
    big = ZeroTraining(groups=[{"small": torch.ones(3), "big": torch.ones(1_000_000)}])
    folder = write_zero(tmp_path / "iter_5.pth", big, stage=2, num_ranks=1)
    files = open_zero_checkpoint(folder)
    whole = folder / "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"
    with whole.open("r+b") as file:
        file.truncate(whole.stat().st_size * 3 // 4)  # half of the weights are gone; the moments come first
    assert files.read("small").tolist() == [1, 1, 1]
    with pytest.raises(WeightsError, match="got an end after"):
        files.read("big")


def test_the_half_precision_weights_of_the_file_are_within_reach(tmp_path: Path) -> None:
    state = training()
    folder = write_zero(tmp_path / "iter_5.pth", state, stage=2, num_ranks=2)
    files = open_tensors(folder / "mp_rank_00_model_states.pt")
    assert torch.equal(files.read("one"), state.trained["one"].bfloat16())


@pytest.mark.parametrize(("stage", "name"), [
    (2, "bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt"),
    (3, "bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt"),
    (3, "zero_pp_rank_0_mp_rank_00_model_states.pt"),
    (3, "zero_pp_rank_2_mp_rank_00_model_states.pt"),
    (1, "mp_rank_00_model_states.pt"),
])  # fmt: skip
def test_a_missing_file_of_a_rank_is_told(stage: int, name: str, tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=stage, num_ranks=3)
    (folder / name).unlink()
    assert is_zero_checkpoint(folder)
    kind = "*_model_states.pt" if "model" in name else "*_optim_states.pt"
    rank = "0" if name.startswith("mp") else name.partition("rank_")[2][0]
    with pytest.raises(WeightsError, match=rf"got no file \{kind} of rank {rank}, expected one of every rank; copy it"):
        open_tensors(folder)


def test_files_of_another_training_are_told(tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=2, num_ranks=2)
    write_zero(tmp_path / "other", training(), stage=2, num_ranks=3)
    name = "bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt"
    (tmp_path / "other" / name).rename(folder / name)
    with pytest.raises(WeightsError, match=r"got 3 files \*_optim_states\.pt, expected 2; remove what another"):
        open_tensors(folder)


def test_layers_that_are_split_over_ranks_are_refused(tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=2, num_ranks=1)
    old = folder / "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt"
    old.rename(folder / "bf16_zero_pp_rank_0_mp_rank_01_optim_states.pt")
    with pytest.raises(WeightsError, match=r"got the file bf16.*, expected a model whose layers are not split"):
        open_tensors(folder)


def change(folder: Path, pattern: str, **entries: Any) -> None:
    """Write other entries into a rank's file."""
    path = next(folder.glob(pattern))
    content = torch.load(path, weights_only=False)
    target = content["optimizer_state_dict"] if "optim" in pattern else content
    target.update(entries)
    torch.save(content, path)


@pytest.mark.parametrize(
    ("pattern", "entries", "says"),
    [
        ("*rank_0*_optim_*", {"zero_stage": 4}, "got zero_stage 4, expected 1, 2 or 3"),
        ("*rank_0*_optim_*", {"zero_stage": None}, "got zero_stage None, expected 1, 2 or 3"),
        ("*rank_0*_optim_*", {"partition_count": "2"}, "got partition_count 2, expected how many ranks there were"),
        ("*rank_0*_optim_*", {"partition_count": []}, r"got partition_count \[\], expected how many ranks there were"),
        ("*rank_1*_optim_*", {"single_partition_of_fp32_groups": None}, "groups of type NoneType, expected list"),
        ("*rank_1*_optim_*", {"single_partition_of_fp32_groups": [1, 2]}, "a part that is no flat tensor, expected"),
        ("*rank_1*_optim_*", {"single_partition_of_fp32_groups": [torch.ones(2, 2)] * 2}, "no flat tensor, expected"),
        (
            "*rank_1*_optim_*",
            {"single_partition_of_fp32_groups": [torch.ones(30)]},
            r"got 2 groups .* \[2, 1\], as",
        ),
        ("*rank_1*_optim_*", {"single_partition_of_fp32_groups": [torch.ones(2)] * 2}, "got 64 numbers in the .* 34, "),
        ("*_model_*", {"param_shapes": None}, "got param_shapes of type NoneType, expected list"),
        ("*_model_*", {"param_shapes": [1]}, "got shapes of another kind, expected the shape of each parameter"),
        ("*_model_*", {"param_shapes": [{"a": 3}]}, "got shapes of another kind, expected the shape of each parameter"),
        (
            "*_model_*",
            {"param_shapes": [{"a": (2, -3)}]},
            "got shapes of another kind, expected the shape of each",
        ),
        (
            "*_model_*",
            {"param_shapes": [{"a": ("x",)}]},
            "got shapes of another kind, expected the shape of each",
        ),
        ("*_model_*", {"module": None}, "got module of type NoneType, expected dict"),
    ],
)
def test_what_is_not_as_deepspeed_writes_it_is_told(
    pattern: str, entries: dict[str, Any], says: str, tmp_path: Path
) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=2, num_ranks=2)
    change(folder, pattern, **entries)
    with pytest.raises(WeightsError, match=rf"states\.pt: .*{says}.*; copy the checkpoint again"):
        open_zero_checkpoint(folder)


def test_parts_that_do_not_add_up_are_told(tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=3, num_ranks=2)
    change(folder, "*rank_1*_optim_*", fp32_flat_groups=[torch.ones(5)])
    with pytest.raises(WeightsError, match="got 55 numbers in the parameters, expected 5, as the ranks hold; copy"):
        open_zero_checkpoint(folder)


@pytest.mark.parametrize(
    ("fragments", "says"),
    [
        (
            {"visual_encoder.weight": torch.ones(3), "visual_encoder.bias": torch.ones(2)},
            "got 15 numbers .* 11, as",
        ),
        ({}, "got a part that is no flat tensor, expected flat tensors; copy"),
        (None, "got frozen_param_fragments of type NoneType, expected dict"),
    ],
)
def test_frozen_parts_that_do_not_add_up_are_told(fragments: object, says: str, tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=3, num_ranks=2)
    change(folder, "*rank_1*_model_*", frozen_param_fragments=fragments)
    with pytest.raises(WeightsError, match=says):
        open_zero_checkpoint(folder)


def test_a_file_that_holds_no_dictionary_is_told(tmp_path: Path) -> None:
    folder = write_zero(tmp_path / "iter_5.pth", training(), stage=2, num_ranks=1)
    torch.save([torch.ones(2)], folder / "mp_rank_00_model_states.pt")
    with pytest.raises(WeightsError, match=r"mp_rank_00_model_states\.pt: got a list, expected a dictionary; copy the"):
        open_zero_checkpoint(folder)


def test_other_folders_are_no_checkpoints_of_this_kind(tmp_path: Path) -> None:
    assert not is_zero_checkpoint(tmp_path)
    assert not is_zero_checkpoint(tmp_path / "nothing")
