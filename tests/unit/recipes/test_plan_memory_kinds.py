"""Memory by kind: added up by hand for parts whose sizes are given."""

from typing import Any

import pytest

from doctorsun.config import StageSection
from doctorsun.model.flops import TrainingFlops
from doctorsun.recipes.plan_memory import CUDA_BYTES, image_cache_bytes, is_sharded, less_memory, memory_of
from doctorsun.recipes.plan_request import Devices, Speed
from doctorsun.train.loader import CACHE_BYTES
from doctorsun.train.rehearsal import PassOnPaper
from doctorsun.train.survey import PartOnPaper, StageOnPaper

HERE = Devices(num=1, is_gpu=False, available_bytes=None)
FOUR = Devices(num=4, is_gpu=True, available_bytes=None)
TWO_NODES = Devices(num=16, is_gpu=True, available_bytes=None)
FLOPS = TrainingFlops(token=0.0, pair=0.0, target=0.0, image=0.0, projection=0.0)


def part(parameters: int, trained: int) -> PartOnPaper:
    return PartOnPaper(
        parameters=parameters,
        trained=trained,
        weights_bytes=4 * parameters,
        gradients_bytes=4 * trained,
        optimizer_bytes=8 * trained,
    )


PASS = PassOnPaper(kept=5_000, loss=300, peak=7_000)
FULL = StageOnPaper(
    parts={"vision": part(1_000, 0), "projector": part(100, 100), "language": part(8_000, 8_000)},
    flops=FLOPS,
    forward=FLOPS,
    group_numbers=2_000,
)
ALIGN = StageOnPaper(
    parts={"vision": part(1_000, 0), "projector": part(100, 100), "language": part(8_000, 0)},
    flops=FLOPS,
    forward=FLOPS,
    group_numbers=2_000,
)


def test_one_process_holds_all_of_everything() -> None:
    found = memory_of(FULL, PASS, HERE, bf16=False, beside={"runtime": 10_000})
    assert found["weights"] == 4 * 9_100
    assert found["gradients"] == 4 * 8_100
    assert found["optimizer"] == 8 * 8_100
    assert (found["activations"], found["logits_and_loss"], found["gathered_shards"]) == (5_000, 300, 0)
    assert found["peak"] == 4 * 9_100 + 8 * 8_100 + max(7_000, 4 * 8_100) + 10_000


def test_a_pass_counts_where_it_is_more_than_the_gradients() -> None:
    found = memory_of(ALIGN, PASS, HERE, bf16=False, beside={})
    assert found["peak"] == 4 * 9_100 + 8 * 100 + 7_000


def test_what_all_trains_of_the_language_model_is_cut_among_gpus() -> None:
    found = memory_of(FULL, PASS, FOUR, bf16=True, beside={"runtime": CUDA_BYTES})
    assert found["weights"] == 4 * 1_100 + 4 * 8_000 // 4
    assert found["gradients"] == 4 * 100 + 4 * 8_000 // 4
    assert found["gathered_shards"] == 2_000 * (2 * 2 + 4)
    in_pass = 7_000 + found["gathered_shards"] + found["gradients"]
    assert found["peak"] == found["weights"] + found["optimizer"] + in_pass + CUDA_BYTES


def test_nodes_of_eight_hold_copies() -> None:
    assert memory_of(FULL, PASS, TWO_NODES, bf16=True, beside={})["weights"] == 4 * 1_100 + 4 * 8_000 // 8


def test_what_is_frozen_lies_on_every_gpu() -> None:
    assert not is_sharded(ALIGN, FOUR)
    assert memory_of(ALIGN, PASS, FOUR, bf16=True, beside={})["weights"] == 4 * 9_100


def test_files_stay_mapped_beside_a_copy_in_half() -> None:
    halved = PartOnPaper(parameters=1_000, trained=0, weights_bytes=2_000, gradients_bytes=0, optimizer_bytes=0)
    paper = StageOnPaper(parts={"language": halved}, flops=FLOPS, forward=FLOPS, group_numbers=1)
    found = memory_of(paper, PASS, HERE, bf16=True, beside={"runtime": 10})
    assert (found["loading"], found["peak"]) == (4_000, 4_000 + 2_000 + 7_000 + 10)
    gpu = Devices(num=1, is_gpu=True, available_bytes=None)
    on_gpu = memory_of(paper, PASS, gpu, bf16=True, beside={})
    assert (on_gpu["loading"], on_gpu["peak"]) == (0, 2_000 + 7_000)


@pytest.mark.parametrize(
    ("trainable", "settings", "expected"),
    [
        ({"projector": "full"}, {}, "--set stages.align.pack_tokens=4096, --set stages.align.recompute=true"),
        ({"projector": "full"}, {"pack_tokens": 3000, "recompute": True}, "--set stages.align.pack_tokens=2048"),
        (
            {"language": "full", "vision": {"lora": {"r": 4, "alpha": 8}}},
            {"pack_tokens": 2048, "recompute": True},
            "stages.align.max_length, stages.align.pack_tokens, stages.align.trainable.language.lora",
        ),
        (
            {"vision": "full"},
            {"objective": "labels", "pack_tokens": 2048},
            "stages.align.max_length, stages.align.pack_tokens, --set stages.align.recompute=true",
        ),
    ],
)
def test_advice_names_what_a_stage_can_still_have(
    trainable: dict[str, Any], settings: dict[str, Any], expected: str
) -> None:
    given = {"trainable": trainable, "mixture": [{"source": "made"}], "steps": 1, "batch_samples": 3, "lr": 0.1}
    assert less_memory("align", StageSection.model_validate(given | settings)) == expected


@pytest.mark.parametrize(
    ("images", "size", "expected"), [(2, 10, 600), (None, 10, CACHE_BYTES), (10**9, 336, CACHE_BYTES)]
)
def test_decoded_images_take_what_they_are_up_to_a_limit(images: int | None, size: int, expected: int) -> None:
    assert image_cache_bytes(images, size) == expected


def test_time_is_work_over_what_is_reached() -> None:
    assert Speed(mfu=0.5, tflops=2.0).seconds(8e12, 4) == 2.0
    assert Speed(mfu=0.5, tflops=None).seconds(8e12, 4) is None
