"""A preference stage from its start: measured once, whatever stops it, and learnt from."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from doctorsun.errors import Interrupted
from doctorsun.storage.store import Store
from doctorsun.train.loop import StageJob, train_stage
from doctorsun.train.telemetry import Event, Listener, Telemetry
from small_model import image, png, question, small_model, write_store
from small_stage import small_job


class Killed(Exception):  # noqa: N818 (nothing catches it but the test)
    """Stands for a process that ended at this moment."""


def pairs_store(folder: Path, *, damaged: int | None = None) -> Store:
    """Return six samples with one or two rejected replies each, and one without any."""
    asked = [
        question(
            f"pair-{n}", f"Nodule {n}?", "No.", image(b"damaged" if n == damaged else png(n)),
            rejected=("Yes.", "The lung.")[: 1 + n % 2], language="zh" if n % 2 else "en",
        )
        for n in range(6)
    ]  # fmt: skip
    return write_store(folder, [*asked, question("plain", "Which organ?", "The lung.")])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return pairs_store(tmp_path_factory.mktemp("pairs") / "store")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, store: Store) -> dict[str, Tensor]:
    return train(job_of(tmp_path_factory.mktemp("undisturbed"), store))


def job_of(folder: Path, store: Store, **changes: Any) -> StageJob:
    settings = {"objective": "preference", "beta": 0.5, "steps": 4, "batch_samples": 3, "lr": 0.003} | changes
    more = {"name": "prefer", "start": "start", "validation_store": store if "validation" in changes else None}
    return small_job(folder, store, {"warmup_share": 0, "save_every_steps": 2, **settings}, **more)


def train(job: StageJob, listener: Listener | None = None) -> dict[str, Tensor]:
    model = small_model()
    job.folder.mkdir(parents=True, exist_ok=True)
    train_stage(job, model, Telemetry(job.folder / "metrics.jsonl", listener))
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def events(job: StageJob, kind: str) -> list[Event]:
    found = [json.loads(line) for line in (job.folder / "metrics.jsonl").read_text().splitlines()]
    return [event for event in found if event["event"] == kind]


def measured(job: StageJob) -> list[dict[str, Any]]:
    """Return the lines of the file, without the first."""
    lines = (job.folder / "reference.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert not [name for name in one if not torch.equal(one[name], other[name])]


def at(kind: str, number: int, action: type[Killed] | signal.Signals) -> Listener:
    """Return what kills, or signals to, this process at an event."""

    def listen(event: Event) -> None:
        if event["event"] == kind and number in (event.get("step"), event.get("done")):
            if isinstance(action, signal.Signals):
                os.kill(os.getpid(), action)
            else:
                raise action

    return listen


def test_preferences_are_learnt_and_told(tmp_path: Path, store: Store) -> None:
    job = job_of(tmp_path / "run", store, steps=8)
    train(job)
    first, *_, last = events(job, "step")
    assert (first["loss"], first["reward_margin"]) == pytest.approx((0.693147, 0.0), abs=1e-5)
    assert (first["samples"], first["pairs"]) == (3, sum(1 + ref.row % 2 for ref in job.plan.step(0)))
    assert last["loss"] < 0.4
    assert last["reward_accuracy"] == 1.0
    assert last["reward_margin"] == pytest.approx(last["reward_chosen"] - last["reward_rejected"], abs=1e-4)
    assert set(last["loss_by_language"]) <= {"en", "zh"}
    assert last["pairs_per_s"] > 0


def test_each_sample_is_measured_once_however_many_epochs_there_are(tmp_path: Path, store: Store) -> None:
    job = job_of(tmp_path / "run", store, steps=5)  # 2.5 epochs
    train(job)
    *rows, plan = measured(job)
    assert len({row["key"] for row in rows}) == len(rows) == 6
    assert sorted(len(row["log_probabilities"]) for row in rows) == [2, 2, 2, 3, 3, 3]
    assert plan == {"plan": f"{job.plan.fingerprint} 5", "left_out": []}


@pytest.mark.parametrize(("kind", "number"), [("reference", 1), ("reference", 4), ("step", 3)])
def test_a_killed_stage_measures_nothing_twice_and_ends_in_the_same_weights(
    tmp_path: Path, store: Store, undisturbed: dict[str, Tensor], kind: str, number: int
) -> None:
    job = job_of(tmp_path / "killed", store)
    with pytest.raises(Killed):
        train(job, at(kind, number, Killed))
    kept = (job.folder / "reference.jsonl").read_bytes()
    assert kept.count(b"key") == (3 if number == 1 else 6)
    assert_same(train(job), undisturbed)
    assert (job.folder / "reference.jsonl").read_bytes().startswith(kept)
    assert len(measured(job)) == 7


def test_adapters_go_on_from_the_start_that_was_measured(tmp_path: Path, store: Store) -> None:
    lora = {"trainable": {"language": {"lora": {"r": 4, "alpha": 8, "dropout": 0.1}}}}
    undisturbed = train(job_of(tmp_path / "undisturbed", store, **lora))
    job = job_of(tmp_path / "stopped", store, **lora)
    with pytest.raises(Interrupted):
        train(job, at("step", 3, signal.SIGTERM))
    assert_same(train(job), undisturbed)
    assert measured(job) == measured(job_of(tmp_path / "undisturbed", store, **lora))


def test_a_stop_before_the_first_step_keeps_what_was_measured(tmp_path: Path, store: Store) -> None:
    job = job_of(tmp_path / "run", store)
    expected = "stage prefer was stopped before its first step; run the same command again to go on"
    with pytest.raises(Interrupted, match=expected):
        train(job, at("reference", 1, signal.SIGTERM))
    assert len(measured(job)) == 3


def test_another_start_is_measured_anew(tmp_path: Path, store: Store) -> None:
    job = job_of(tmp_path / "run", store)
    with pytest.raises(Interrupted):
        train(job, at("reference", 1, signal.SIGTERM))
    before = (job.folder / "reference.jsonl").read_text().splitlines()
    with pytest.raises(Interrupted):
        train(replace(job, start="other"), at("reference", 1, signal.SIGTERM))
    after = (job.folder / "reference.jsonl").read_text().splitlines()
    assert after[0] != before[0]
    assert len(after) == len(before)


def test_validation_tells_of_pairs_too(tmp_path: Path, store: Store) -> None:
    validation = {"source": "made", "every_steps": 2, "samples": 4}
    job = job_of(tmp_path / "run", store, validation=validation)
    train(job)
    first, last = events(job, "validation")
    assert first["samples"] == 4
    assert first["left_out"] == 0
    assert last["loss"] < first["loss"] < 0.693147
    assert 0 <= last["reward_accuracy"] <= 1
    assert last["reward_margin"] == pytest.approx(last["reward_chosen"] - last["reward_rejected"], abs=1e-4)


def test_a_damaged_image_is_set_aside_for_its_own_reason(tmp_path: Path) -> None:
    job = job_of(tmp_path / "run", pairs_store(tmp_path / "store", damaged=2), steps=2)
    train(job)
    (quarantined,) = events(job, "quarantined")
    assert (quarantined["sample"], quarantined["reason"][:18]) == ("pair-2", "not a picture that")
    assert sum(event["samples"] for event in events(job, "step")) == 5
    *rows, plan = measured(job)
    assert len(rows) == 5
    ((pool, row, name, reason),) = plan["left_out"]
    assert (pool, row, name, reason) == (0, 2, "pair-2", quarantined["reason"])


def test_what_could_not_be_measured_stays_left_out_even_if_it_can_be_read_later(tmp_path: Path) -> None:
    store = pairs_store(tmp_path / "store", damaged=2)
    job = job_of(tmp_path / "run", store, steps=2)
    with pytest.raises(Killed):
        train(job, at("step", 1, Killed))
    healed = replace(store[2].images[0], bytes=png(2))
    job.pixels.get(replace(store[2], images=(healed,)))
    train(job)
    assert sum(event["samples"] for event in events(job, "step")) == 5
