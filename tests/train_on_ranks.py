"""Train a small network in one process and on several ranks, each way as a process group of its own; tests read it.

Called with a folder and the names of scenarios. Every scenario leaves ``<name>.json`` and ``<name>.safetensors``.
"""

import json
import os
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlavaForConditionalGeneration

from doctorsun.errors import Interrupted
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.train.checkpoint_tensors import whole
from doctorsun.train.loop import StageJob, StageLoop
from doctorsun.train.monitor import Examination
from doctorsun.train.telemetry import Event, NoTelemetry, Telemetry
from doctorsun.train.world import World
from small_model import assistant, image, png, question, sample, small_model, write_store
from small_stage import small_job

ALL = {"vision": "full", "projector": "full", "language": "full"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One way to train.

    Attributes:
        local_size: ranks of one node; all where 0.
        goes_on: the scenario whose checkpoints it resumes from.
        stopped_at: the first rank is told to stop while this step is done.
        asked_every: after how many steps the first rank computes alone.
    """

    size: int = 1
    local_size: int = 0
    store: str = "mixed"
    settings: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    goes_on: str = ""
    stopped_at: int = 0
    asked_every: int = 0


FEW = {"steps": 2, "batch_samples": 2}
SMALL_PACKS = {"pack_tokens": 64, "max_length": 64}
PAIRS = {"objective": "preference", "beta": 0.5, "steps": 3, "batch_samples": 4}
SCENARIOS = {
    "one": Scenario(),
    "two": Scenario(size=2),
    "accumulated": Scenario(settings=SMALL_PACKS),
    "two-small": Scenario(size=2, settings=SMALL_PACKS),
    "two-stopped": Scenario(size=2, stopped_at=2),
    "two-then-one": Scenario(goes_on="two-stopped"),
    "one-stopped": Scenario(stopped_at=2),
    "one-then-two": Scenario(size=2, goes_on="one-stopped"),
    "two-asked": Scenario(size=2, asked_every=2),
    "half-text": Scenario(store="half-text", settings=FEW),
    "two-half-text": Scenario(size=2, store="half-text", settings=FEW),
    "two-damaged": Scenario(size=2, store="damaged", settings={"steps": 1, "batch_samples": 10}),
    "damaged": Scenario(store="damaged", settings={"steps": 1, "batch_samples": 10}),
    "two-align": Scenario(size=2, settings={"trainable": {"projector": "full"}, "steps": 2}),
    "tied": Scenario(model={"tied": True}, settings={"steps": 2}),
    "two-tied": Scenario(size=2, model={"tied": True}, settings={"steps": 2}),
    "four": Scenario(size=4),
    "four-on-two-nodes": Scenario(size=4, local_size=2),
    "muon": Scenario(settings={"trainable": ALL | {"language": {"optimizer": "muon"}}}),
    "two-muon": Scenario(size=2, settings={"trainable": ALL | {"language": {"optimizer": "muon"}}}),
    "pairs": Scenario(store="pairs", settings=PAIRS),
    "two-pairs": Scenario(size=2, store="pairs", settings=PAIRS),
    "bf16": Scenario(settings={"steps": 2}, model={"bf16": True}),
    "two-bf16": Scenario(size=2, settings={"steps": 2}, model={"bf16": True}),
}


class Exchanges(TorchDispatchMode):
    """Counts what goes between ranks, below everything that asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        if func.namespace in {"c10d", "_c10d_functional"}:
            self.counts[func.__name__.split(".")[0]] += 1
        return func(*args, **(kwargs or {}))


def samples_of(store: str) -> list[Sample]:
    """Return questions about images with documents between them; or one of each kind; or one damaged; or pairs."""
    texts = [sample(f"text-{i}", assistant(f"Text {i} about the lung. " * (1 + i % 3))) for i in range(6)]
    replies = ("Yes.", "No nodule is seen.")
    asked = [
        question(f"image-{i}-{j}", f"Is there a nodule {j}?", replies[(i + j) % 2], image(png(i)))
        for i in range(4)
        for j in range(3)
    ]
    if store == "mixed":
        return [*asked, *texts]
    if store == "half-text":
        return [asked[0], texts[0]]
    if store == "pairs":
        rejected = ("Nodule.", "Yes, a nodule is seen.")
        answered = [replace(each, rejected=rejected[: 1 + number % 2]) for number, each in enumerate(asked[:6])]
        return [
            *answered,
            question("words", "Nodule?", "No.", rejected=("Yes.",)),
            replace(asked[8], rejected=rejected),
        ]
    broken = question("broken", "Nodule?", "No.", image(b"damaged"))
    return [*asked[:9], broken]


def job_of(folder: Path, scenario: Scenario, world: World) -> StageJob:
    """Return the stage that a rank trains."""
    settings = {"trainable": ALL, "steps": 4, "batch_samples": 8, "weight_decay": 0.1, "max_length": 128}
    return small_job(
        folder,
        Store(folder.parent / "stores" / scenario.store),
        settings | {"pack_tokens": 256, "save_every_steps": 100} | scenario.settings,
        bf16=scenario.model.get("bf16", False),
        examination=Examination(every_steps=scenario.asked_every, examine=ask) if scenario.asked_every else None,
        world=world,
    )


def ask(model: LlavaForConditionalGeneration) -> dict[str, float]:
    """Read some tokens without the head, then with it, as an answer to a question does."""
    ids = torch.arange(8)[None]
    model.model.language_model(input_ids=ids)
    return {"logit": float(model.eval()(input_ids=ids).logits.mean())}


def train(folder: Path, scenario: Scenario, world: World, result: Path) -> None:
    """Train as one rank; the first writes what came out."""
    model = small_model()
    if scenario.model.get("tied"):
        model.lm_head.weight = model.get_input_embeddings().weight
    path = folder / "metrics.jsonl"
    telemetry = Telemetry(path, stop_at(scenario.stopped_at)) if world.is_first else NoTelemetry(path)
    loop = StageLoop(job_of(folder, scenario, world), model, telemetry)
    is_stopped = False
    with Exchanges() as exchanges:
        try:
            loop.run()
        except Interrupted:
            is_stopped = True
    weights = {name: whole(parameter.detach()).clone() for name, parameter in loop.parameters.items()}
    calls = dict(world.calls)
    passes = [loop.loader.load(step).num_passes for step in range(loop.job.plan.num_steps)]
    if world.is_first:
        save_file(weights, result.with_suffix(".safetensors"))
        events = [json.loads(line) for line in path.read_text().splitlines()]
        facts = {
            "events": events,
            "calls": calls,
            "exchanges": exchanges.counts,
            "passes": passes,
            "is_stopped": is_stopped,
        }
        result.with_suffix(".json").write_text(json.dumps(facts))


def stop_at(step: int) -> Callable[[Event], None] | None:
    """Return what sends this process a signal when a step is written."""

    def listen(event: Event) -> None:
        if event["event"] == "step" and event["step"] == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return listen if step else None


def carry_out(root: Path, name: str) -> None:
    """Train on as many processes as a scenario has ranks."""
    scenario = SCENARIOS[name]
    folder = root / (scenario.goes_on or name)
    folder.mkdir(exist_ok=True)
    children: list[int] = []
    for rank in range(scenario.size):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                torch.set_num_threads(1)
                world = World.join(environment_of(scenario, rank), meet_at=f"file://{root / name}.meet")
                train(folder, scenario, world, root / name)
                world.leave()
                status = 0
            except BaseException:  # noqa: BLE001 (the child ends here)
                traceback.print_exc()
            finally:
                os._exit(status)
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    if any(ended):
        sys.exit(f"{name}: the ranks ended with {ended}")


def environment_of(scenario: Scenario, rank: int) -> dict[str, str]:
    """Return the variables that torchrun would set."""
    local_size = scenario.local_size or scenario.size
    values = {
        "RANK": rank,
        "WORLD_SIZE": scenario.size,
        "LOCAL_RANK": rank % local_size,
        "LOCAL_WORLD_SIZE": local_size,
    }
    return {name: str(value) for name, value in values.items()}


def main(root: Path, names: list[str]) -> None:
    """Carry out scenarios, one after the other."""
    for store in {SCENARIOS[name].store for name in names}:
        write_store(root / "stores" / store, samples_of(store))
    for name in names:
        carry_out(root, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
