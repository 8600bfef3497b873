import json
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import DataError, Interrupted
from doctorsun.storage.store import Store
from doctorsun.train.loop import StageJob, train_stage
from doctorsun.train.meter import Ceiling
from doctorsun.train.monitor import Examination
from doctorsun.train.telemetry import Event, Telemetry
from small_model import small_model
from small_stage import small_job


def job_of(folder: Path, store: Store, **changes: Any) -> StageJob:
    validation_store = store if "validation" in changes else None
    settings = {"save_every_steps": 4, **changes}
    return small_job(folder, store, settings, ceiling=Ceiling(1e-3), validation_store=validation_store)


def train(job: StageJob, stop_at: int | None = None) -> dict[str, Tensor]:
    """Train a new network, return its weights; a signal comes when a step is written, where one is named."""

    def listen(event: Event) -> None:
        if event["event"] == "step" and event["step"] == stop_at:
            signal.raise_signal(signal.SIGTERM)

    job.folder.mkdir(parents=True, exist_ok=True)
    model = small_model()
    train_stage(job, model, Telemetry(job.folder / "metrics.jsonl", listen))
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def events(job: StageJob, kind: str) -> list[Event]:
    lines = [json.loads(line) for line in (job.folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == kind]


def assert_same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert not [name for name in one if not torch.equal(one[name], other[name])]


VALIDATION = {"source": "made", "every_steps": 2, "samples": 20}


def test_every_step_tells_what_it_cost_and_achieved(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, steps=2)
    train(job)
    for step in events(job, "step"):
        mean = sum(step["loss_by_language"].values()) / len(step["loss_by_language"])
        assert step["loss"] == pytest.approx(mean, rel=0.2)
        assert step["loss_by_source"] == {"made": pytest.approx(step["loss"], rel=1e-5)}
        assert 0 < step["mfu"] == pytest.approx(step["tflops"] / step["step_s"] / 1e-3, rel=0.02)
        assert step["total_tokens_per_s"] > step["supervised_tokens_per_s"] > step["samples_per_s"] > 0
        assert 0 <= step["loader_wait_share"] <= 1
        assert step["peak_memory_gib"] > 0.05


def test_the_validation_loss_is_told_at_intervals_and_at_the_end(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, steps=5, validation=VALIDATION)
    train(job)
    told = events(job, "validation")
    assert [event["step"] for event in told] == [2, 4, 5]
    assert told[-1]["loss"] < told[0]["loss"]
    assert told[-1]["best_step"] == 5


def test_looking_changes_nothing_of_what_is_trained(tmp_path: Path, images_store: Store) -> None:
    asked = Examination(every_steps=2, examine=lambda _: {"made/closed/en/accuracy": 0.5})
    watched = replace(job_of(tmp_path / "watched", images_store, validation=VALIDATION), examination=asked)
    assert_same(train(watched), train(job_of(tmp_path / "plain", images_store)))


def rising(folder: Path, store: Store, **changes: Any) -> StageJob:
    """Return a stage whose learning rate is so high that the first weights are better than the last."""
    best = VALIDATION | {"keep": "best", "every_steps": 1}
    return job_of(folder, store, lr=1.0, schedule="constant", validation=best, **changes)


def test_the_best_weights_are_kept_where_they_are_wanted(tmp_path: Path, images_store: Store) -> None:
    job = rising(tmp_path / "run", images_store)
    weights = train(job)
    (end,) = events(job, "stage_end")
    losses = {event["step"]: event["loss"] for event in events(job, "validation")}
    assert end["kept_step"] == end["best_step"] == min(losses, key=lambda step: losses[step]) < 6
    short = job_of(tmp_path / "short", images_store, lr=1.0, schedule="constant", steps=end["kept_step"])
    assert_same(weights, train(short))


def test_the_last_weights_are_kept_otherwise(tmp_path: Path, images_store: Store) -> None:
    validation = VALIDATION | {"every_steps": 1}
    job = job_of(tmp_path / "run", images_store, lr=0.3, schedule="constant", validation=validation)
    last = job_of(tmp_path / "last", images_store, lr=0.3, schedule="constant")
    assert_same(train(job), train(last))
    assert events(job, "stage_end")[0]["kept_step"] is None


@pytest.mark.parametrize("stop_at", [pytest.param(1, marks=pytest.mark.slow), 5])
def test_the_best_weights_are_known_after_an_interruption(tmp_path: Path, images_store: Store, stop_at: int) -> None:
    undisturbed = train(rising(tmp_path / "undisturbed", images_store))
    job = rising(tmp_path / "stopped", images_store)
    with pytest.raises(Interrupted):
        train(job, stop_at)
    assert_same(train(job), undisturbed)
    assert [event["step"] for event in events(job, "validation")] == [1, 2, 3, 4, 5, 6]


def test_scores_at_intervals_come_from_the_network_as_it_is_served(tmp_path: Path, images_store: Store) -> None:
    seen: list[tuple[bool, str]] = []

    def examine(model: LlavaForConditionalGeneration) -> dict[str, float]:
        seen.append((torch.is_grad_enabled(), model.model.language_model.config._attn_implementation))
        return {"made/closed/en/accuracy": len(seen) / 10}

    asked = Examination(every_steps=4, examine=examine)
    job = replace(job_of(tmp_path / "run", images_store), examination=asked)
    train(job)
    assert seen == [(False, "sdpa"), (False, "sdpa")]
    told = [(event["step"], event["scores"]) for event in events(job, "evaluation")]
    assert told == [(4, {"made/closed/en/accuracy": 0.1}), (6, {"made/closed/en/accuracy": 0.2})]


def test_an_absurd_learning_rate_stops_the_stage_with_the_reason(tmp_path: Path, images_store: Store) -> None:
    job = job_of(tmp_path / "run", images_store, steps=60, lr=1.0, schedule="constant")
    with pytest.raises(DataError, match=r"stage instruct diverged and was stopped after step \d+: got a mean loss of"):
        train(job)
    assert len(events(job, "step")) < 60
