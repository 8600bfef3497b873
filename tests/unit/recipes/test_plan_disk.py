"""What a run needs on disk."""

from pathlib import Path

from doctorsun.config import StageSection
from doctorsun.model.flops import TrainingFlops
from doctorsun.recipes.plan_disk import checkpoint_facts, disk_row, free_gib
from doctorsun.train.survey import PartOnPaper, StageOnPaper

NUMBERS = 2**28  # one GiB in 32 bits
FLOPS = TrainingFlops(token=0.0, pair=0.0, target=0.0, image=0.0, projection=0.0)
PAPER = StageOnPaper(
    parts={
        "language": PartOnPaper(
            parameters=NUMBERS,
            trained=NUMBERS,
            weights_bytes=4 * NUMBERS,
            gradients_bytes=4 * NUMBERS,
            optimizer_bytes=8 * NUMBERS,
        )
    },
    flops=FLOPS,
    forward=FLOPS,
    group_numbers=1,
)
STAGE = {"trainable": {"language": "full"}, "mixture": [{"source": "x"}], "steps": 1, "batch_samples": 1, "lr": 0.1}


def test_a_checkpoint_holds_what_trains_and_its_states_and_three_are_there_at_a_time() -> None:
    plain = StageSection.model_validate(STAGE)
    assert checkpoint_facts(plain, PAPER) == {"checkpoint_gib": 3.0, "checkpoints_gib": 9.0}
    looked_at = StageSection.model_validate(STAGE | {"validation": {"source": "x", "every_steps": 1}})
    assert checkpoint_facts(looked_at, PAPER)["checkpoints_gib"] == 12.0  # the best one too


def test_each_stage_the_start_and_the_result_are_weights_of_their_own(tmp_path: Path) -> None:
    rows = [{"parameters": NUMBERS, "checkpoints_gib": gib} for gib in (9.0, 2.0)]
    row = disk_row(rows, tmp_path / "not" / "there")
    assert (row["weights_gib"], row["checkpoints_gib"], row["disk_gib"]) == (1.0, 9.0, 1.0 * 4 + 9.0)
    assert row["fits_disk"] == (row["free_disk_gib"] >= 13.0)
    assert not disk_row([{"parameters": 10**15, "checkpoints_gib": 0.0}], tmp_path)["fits_disk"]
    assert disk_row([], tmp_path)["disk_gib"] == 0.0


def test_what_is_free_is_told_of_a_folder_that_is_still_to_be_made(tmp_path: Path) -> None:
    assert free_gib(tmp_path / "a" / "b") == free_gib(tmp_path)
