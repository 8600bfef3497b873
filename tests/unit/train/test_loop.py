import json
import math
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import DataError, Interrupted, WeightsError
from doctorsun.model.forward import PackedForward
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.train.loader import Loader
from doctorsun.train.loop import StageJob, build_objective, train_stage
from doctorsun.train.telemetry import Event, Telemetry
from doctorsun.weights.tensors.open import open_tensors
from signals_at_files import signals_at
from small_model import image, png, question, small_model, write_store
from small_stage import PROCESSOR, small_job


def job_of(folder: Path, store: Store, *, seed: int = 1, **changes: Any) -> StageJob:
    return small_job(folder, store, {"save_every_steps": 2, **changes}, seed=seed)


def train(
    job: StageJob, model: LlavaForConditionalGeneration | None = None, telemetry: Telemetry | None = None
) -> dict[str, Tensor]:
    """Train a new network, or the given one; return its weights."""
    model = model or small_model()
    job.folder.mkdir(parents=True, exist_ok=True)
    train_stage(job, model, telemetry or Telemetry(job.folder / "metrics.jsonl"))
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def events(job: StageJob) -> list[Event]:
    return [json.loads(line) for line in (job.folder / "metrics.jsonl").read_text().splitlines()]


def saved_steps(job: StageJob) -> list[str]:
    return sorted(path.name for path in (job.folder / "checkpoints").iterdir())


def forward_of(model: LlavaForConditionalGeneration) -> PackedForward:
    return PackedForward(model, image_mean=PROCESSOR.images.mean, image_std=PROCESSOR.images.std)


def signal_at(job: StageJob, step: int, number: signal.Signals) -> Telemetry:
    """Return a diary that sends this process a signal when a step is written."""

    def listen(event: Event) -> None:
        if event["event"] == "step" and event["step"] == step:
            os.kill(os.getpid(), number)

    job.folder.mkdir(parents=True, exist_ok=True)
    return Telemetry(job.folder / "metrics.jsonl", listen)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    different = [name for name in one if not torch.equal(one[name], other[name])]
    assert not different


def with_poisoned_token(model: LlavaForConditionalGeneration, word: str) -> LlavaForConditionalGeneration:
    """Make every sequence that holds the last token of a word come out as NaN."""
    token = PROCESSOR.tokenizer.encode(word, add_special_tokens=False).ids[-1]
    with torch.no_grad():
        model.get_input_embeddings().weight[token] = math.nan
    return model


def with_overflow(model: LlavaForConditionalGeneration) -> LlavaForConditionalGeneration:
    """Make every answer come out as infinite."""
    with torch.no_grad():
        model.lm_head.weight[0, 0] = math.inf
    return model


def test_a_stage_learns_what_it_is_shown_and_nothing_else_changes(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, steps=12, trainable={"projector": "full", "language": "full"})
    after, before = train(job), small_model().state_dict()
    losses = [event["loss"] for event in events(job) if event["event"] == "step"]
    assert losses[-1] < 0.8 * losses[0]
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any("vision_tower" in name for name in changed)
    assert any("multi_modal_projector" in name for name in changed)
    assert any("lm_head" in name for name in changed)


def test_what_is_frozen_is_held_in_half_before_it_goes_where_it_learns(tmp_path: Path, images_store: Store) -> None:
    placed: dict[str, torch.dtype] = {}

    def place(model: nn.Module) -> None:
        placed.update({name: tensor.dtype for name, tensor in model.state_dict().items()})

    train(replace(job_of(tmp_path, images_store, steps=1, trainable={"projector": "full"}), bf16=True, place=place))
    assert placed["model.language_model.layers.0.mlp.up_proj.weight"] == torch.bfloat16
    assert placed["model.multi_modal_projector.linear_1.weight"] == torch.float32


def test_the_diary_tells_of_stage_steps_and_end(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, steps=2)
    train(job)
    start, first, _, end = events(job)
    assert (start["event"], start["num_steps"], start["first_step"], start["samples"]) == ("stage_start", 2, 0, 10)
    assert start["mixture"] == {"made": 1.0}
    assert start["languages"] == {"en": 0.6, "zh": 0.4}
    assert (first["step"], first["samples"], first["stage"]) == (1, 5, "instruct")
    assert first["total_tokens"] > first["supervised_tokens"] > 0
    assert (end["event"], end["steps"]) == ("stage_end", 2)
    assert end["wall_s"] >= 0


def test_the_diary_counts_labels_as_labels(tmp_path: Path) -> None:
    facts = [f'{{"modality": "{modality}"}}' for modality in ("ct", "mr")]
    samples = [question(f"{n}", "Nodule?", "No.", image(png(n)), facts=facts[n % 2]) for n in range(6)]
    store = write_store(tmp_path / "store", samples)
    job = job_of(tmp_path / "run", store, steps=1, trainable={"vision": "full"}, objective="labels")
    train(job)
    _, step, _ = events(job)
    assert step["labels"] == 5
    assert "supervised_tokens" not in step


def test_the_first_step_of_a_random_network_costs_the_log_of_the_vocabulary(
    tmp_path: Path, images_store: Store
) -> None:
    job = job_of(tmp_path / "run", images_store, steps=1)
    train(job)
    assert events(job)[1]["loss"] == pytest.approx(math.log(320), rel=0.03)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_resumed_run_ends_in_the_same_weights(
    tmp_path: Path, images_store: Store, number: signal.Signals
) -> None:
    undisturbed = train(job_of(tmp_path / "undisturbed", images_store))
    job = job_of(tmp_path / "stopped", images_store)
    expected = "stage instruct was stopped after step 3 of 6; run the same command again to go on"
    with pytest.raises(Interrupted, match=expected):
        train(job, telemetry=signal_at(job, 3, number))
    assert saved_steps(job) == ["step-2", "step-3"]
    assert_same(train(job), undisturbed)
    steps = [event["step"] for event in events(job) if event["event"] == "step"]
    assert steps == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("settings", [{}, {"save_in_background": True}])
def test_signals_within_a_save_let_it_come_to_its_end(
    tmp_path: Path, images_store: Store, settings: dict[str, Any]
) -> None:
    undisturbed = train(job_of(tmp_path / "undisturbed", images_store, **settings))
    job = job_of(tmp_path / "stopped", images_store, **settings)
    unfinished = "checkpoints/.step-4.unfinished"
    with (
        pytest.raises(KeyboardInterrupt),  # of the second one
        signals_at(unfinished, signal.SIGTERM, signal.SIGINT) as opened,
    ):
        train(job)
    assert unfinished in opened[0]
    assert saved_steps(job) == ["step-2", "step-4"]
    assert_same(train(job), undisturbed)


class Killed(Exception):  # noqa: N818 (nothing catches it but the test)
    """Stands for a process that ended within a step."""


def dying_at(model: LlavaForConditionalGeneration, num_passes: int) -> LlavaForConditionalGeneration:
    """Return a network whose backward pass number ``num_passes`` does not come to its end."""
    left = iter(range(num_passes - 1))

    def count(_gradient: Tensor) -> None:
        if next(left, None) is None:
            raise Killed

    model.lm_head.weight.requires_grad_(True).register_hook(count)
    return model


@pytest.mark.parametrize("settings", [{}, {"save_in_background": True}])
def test_a_process_that_dies_within_a_step_of_epoch_2_loses_only_what_was_not_saved(
    tmp_path: Path, images_store: Store, settings: dict[str, Any]
) -> None:
    trains = {"steps": 8, "pack_tokens": 64, "trainable": {"projector": "full", "language": {"optimizer": "muon"}}}
    undisturbed = train(job_of(tmp_path / "undisturbed", images_store, **trains))
    job = job_of(tmp_path / "killed", images_store, **trains, **settings)
    plan, loader = job.plan, Loader(job.plan, build_objective(job, forward_of(small_model())), job.pixels)
    passes = [len(loader.load(step).batches) for step in range(8)]
    assert passes[6] > 2  # step 7 is in epoch 2: an epoch has 4 steps
    assert plan.num_samples == 2 * len(images_store)
    with pytest.raises(Killed):
        train(job, dying_at(small_model(), sum(passes[:6]) + 2))
    assert saved_steps(job) == ["step-4", "step-6"]
    assert_same(train(job), undisturbed)
    resumed = [event["first_step"] for event in events(job) if event["event"] == "stage_start"]
    assert resumed == [6]


def test_a_damaged_checkpoint_is_named_and_its_steps_are_done_again(tmp_path: Path, images_store: Store) -> None:
    undisturbed = train(job_of(tmp_path / "undisturbed", images_store))
    job = job_of(tmp_path / "stopped", images_store)
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 4, signal.SIGTERM))
    (job.folder / "checkpoints/step-4/weights/model.safetensors").write_bytes(b"damaged")
    assert_same(train(job), undisturbed)
    warnings = [event["text"] for event in events(job) if event["event"] == "warning"]
    assert len(warnings) == 1
    assert "a damaged checkpoint was passed over: " in warnings[0]
    assert "step-4: got weights/model.safetensors with another content" in warnings[0]


def test_a_stage_that_was_done_but_not_published_is_not_trained_again(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store)
    done = train(job)
    assert_same(train(job), done)
    resumed = [event["first_step"] for event in events(job) if event["event"] == "stage_start"]
    assert resumed == [6]


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path, images_store: Store) -> None:
    train(job_of(tmp_path / "run", images_store, steps=2))
    with pytest.raises(WeightsError, match="step-2: got a checkpoint of the data plan"):
        train(job_of(tmp_path / "run", images_store, steps=2, seed=2))


def test_a_step_without_finite_gradient_is_skipped_and_named(tmp_path: Path) -> None:
    asked = [question(f"sample-{n}", "Ω?" if n == 4 else "?", "No.", image(png(n))) for n in range(12)]
    store = write_store(tmp_path / "store", asked)
    job = job_of(tmp_path / "run", store, batch_samples=3, steps=4, trainable={"projector": "full"})
    after = train(job, with_poisoned_token(small_model(), "Ω"))
    steps = [event for event in events(job) if event["event"] == "step"]
    bad = [event["step"] for event in steps if event["loss"] is None]
    warned = [event for event in events(job) if event["event"] == "warning"]
    assert len(steps) == 4
    assert len(bad) == 1
    assert steps[bad[0] - 1]["not_finite"]["loss"] == "NaN"
    assert [event["step"] for event in warned] == bad
    assert "sample-4" in warned[0]["text"]
    projector = "model.multi_modal_projector.linear_1.weight"
    assert torch.isfinite(after[projector]).all()
    assert not torch.equal(after[projector], small_model().state_dict()[projector])


def test_three_bad_steps_in_a_row_stop_the_stage_at_its_last_good_save(tmp_path: Path, images_store: Store) -> None:
    trains = {"trainable": {"projector": "full"}}
    undisturbed = train(job_of(tmp_path / "undisturbed", images_store, **trains))
    job = job_of(tmp_path / "run", images_store, **trains)
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 2, signal.SIGTERM))
    expected = (
        r"stage instruct stopped at step 5: got 3 steps in a row without a finite gradient.* the samples image-\d"
    )
    for _ in range(2):  # again and again from where it was good
        with pytest.raises(DataError, match=expected):
            train(job, with_overflow(small_model()))
        assert saved_steps(job) == ["step-2"]
    assert_same(train(job), undisturbed)


def test_bad_steps_are_counted_over_a_resume(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, trainable={"projector": "full"})
    with pytest.raises(Interrupted):
        train(job, with_overflow(small_model()), signal_at(job, 2, signal.SIGTERM))
    with pytest.raises(DataError, match="stage instruct stopped at step 3: got 3 steps in a row"):
        train(job, with_overflow(small_model()))


def test_a_stage_that_diverges_stops_at_the_same_step_after_a_resume(tmp_path: Path, images_store: Store) -> None:
    settings = {"steps": 60, "lr": 1, "warmup_share": 0.6, "max_grad_norm": 1e9, "save_every_steps": 60}
    expected = "stage instruct diverged and was stopped after step"
    with pytest.raises(DataError, match=expected) as undisturbed:
        train(job_of(tmp_path / "undisturbed", images_store, **settings))
    job = job_of(tmp_path / "stopped", images_store, **settings)
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 25, signal.SIGTERM))
    with pytest.raises(DataError, match=expected) as resumed:
        train(job)
    assert str(resumed.value) == str(undisturbed.value)


def test_weights_that_ran_away_are_not_saved(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, lr=1e38, save_every_steps=1, weight_decay=100)
    with pytest.raises(DataError, match=r"step-\d was not saved: got .* with values that are not finite"):
        train(job)
    assert not list((job.folder / "checkpoints").iterdir())


def test_one_unusable_sample_is_set_aside_and_recorded(tmp_path: Path, damaged_store: Store) -> None:
    job = job_of(tmp_path / "run", damaged_store, steps=2)
    train(job)
    quarantined = [event for event in events(job) if event["event"] == "quarantined"]
    assert [event["sample"] for event in quarantined] == ["sample-3"]
    assert sum(event["samples"] for event in events(job) if event["event"] == "step") == 9
    health = json.loads((job.folder / "checkpoints/step-2/state.json").read_text())["facts"]["health"]
    ((_, row, name, reason),) = health["quarantined"]
    assert (row, name, reason[:18]) == (3, "sample-3", "not a picture that")
    assert (health["num_quarantined"], health["num_seen"]) == (1, 10)


def test_a_resumed_run_leaves_out_what_the_process_before_could_not_use(tmp_path: Path, damaged_store: Store) -> None:
    job = job_of(tmp_path / "run", damaged_store, steps=3, batch_samples=10, save_every_steps=1)
    job.pixels.get(next(each for each in damaged_store if each.id != "sample-3"))
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 1, signal.SIGTERM))
    healed = replace(damaged_store[3].images[0], bytes=png(3))  # readable now, in epoch 2
    job.pixels.get(replace(damaged_store[3], images=(healed,)))
    with pytest.raises(DataError, match="got 2 unusable of 20 samples"):
        train(job)


def test_more_than_one_percent_of_unusable_samples_stops_the_stage(tmp_path: Path, damaged_store: Store) -> None:
    job = job_of(tmp_path / "run", damaged_store, steps=4)
    expected = (
        r"stage instruct cannot use its data: got 2 unusable of (15|20) samples, expected at most 1 %; the reasons"
    )
    with pytest.raises(DataError, match=expected):
        train(job)


def test_unusable_samples_are_counted_over_a_resume(tmp_path: Path, damaged_store: Store) -> None:
    job = job_of(tmp_path / "run", damaged_store, steps=4)
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 2, signal.SIGTERM))
    with pytest.raises(DataError, match="got 2 unusable of"):
        train(job)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (question("bad", "?", "No.", image(b"damaged")), "got 1 unusable of 1 samples, expected at most 1 %"),
        (question("long", "Long? " * 40, "No."), "holds nothing to learn from: got 1 samples, all too long, expected"),
    ],
)
def test_a_step_without_any_usable_sample_stops_the_stage(tmp_path: Path, asked: Sample, expected: str) -> None:
    store = write_store(tmp_path / "store", [asked])
    with pytest.raises(DataError, match=expected):
        train(job_of(tmp_path / "run", store, batch_samples=1))


def test_adapters_with_dropout_end_in_the_same_weights_after_an_interruption(
    tmp_path: Path, images_store: Store
) -> None:
    settings: dict[str, Any] = {
        "trainable": {"vision": {"lora": {"r": 4, "alpha": 8, "dropout": 0.3}, "lr": 0.02}, "projector": "full"},
        "recompute": True,
        "optimizer_states": "bf16",
    }
    whole = train(job_of(tmp_path / "whole", images_store, **settings))
    job = job_of(tmp_path / "broken", images_store, **settings)
    with pytest.raises(Interrupted):
        train(job, telemetry=signal_at(job, 3, signal.SIGTERM))
    names = open_tensors(max((job.folder / "checkpoints").iterdir()) / "weights").headers
    assert all(".lora_A.weight" in name or ".lora_B.weight" in name or "projector" in name for name in names)
    resumed = train(job)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    factor = "model.vision_tower.encoder.layers.0.mlp.fc1.lora_B.default.weight"
    assert whole[factor].any()


def test_bf16_computes_in_half_precision_and_keeps_weights_in_single(tmp_path: Path, images_store: Store) -> None:
    exact = job_of(tmp_path / "exact", images_store, steps=1)
    train(exact)
    half = replace(exact, folder=tmp_path / "half", bf16=True)
    types = {name: tensor.dtype for name, tensor in train(half).items()}
    assert {dtype for name, dtype in types.items() if "vision" not in name} == {torch.float32}
    assert types["model.vision_tower.encoder.layers.0.mlp.fc1.weight"] == torch.bfloat16  # frozen
    one, other = events(exact)[1]["loss"], events(half)[1]["loss"]
    assert one != other
    assert one == pytest.approx(other, rel=0.02)
