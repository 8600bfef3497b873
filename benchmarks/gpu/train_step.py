"""How fast and in how much memory one GPU trains the 8B shape: the projector alone, and the whole with adapters.

Weights are random and samples are made here, so that nothing has to be at hand: words of mixed lengths behind images of
noise. Each row is a process of its own. Share of the ceiling: the operations that the step needs (frozen parts forward
only, attention and images counted, nothing twice) over the bf16 matrix products of the same card in the same run.
Run: python benchmarks/gpu/train_step.py [--out FILE.json]; on a processor: --shape micro
"""

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import LlavaForConditionalGeneration

from doctorsun.config import StageSection
from doctorsun.model.build import sized_config
from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.model.forward import PackedBatch, PackedForward
from doctorsun.model.presets import PRESETS
from doctorsun.model.recompute import recompute_blocks
from doctorsun.model.trainable import hold_frozen, set_trainable
from doctorsun.processor.image_processor import CLIP_MEAN, CLIP_STD
from doctorsun.processor.processor import Rendered
from doctorsun.recipes.ceiling import matmul_ceiling_tflops
from doctorsun.train.loss import supervised_loss
from doctorsun.train.optimizer import PartsOptimizer
from doctorsun.train.pack import Group, PackItem, best_fit, collate, share_prefixes

VOCAB = {"doctor-sun-8b": 128_256, "micro": 512}
TRAINABLE: dict[str, dict[str, Any]] = {
    "align": {"projector": "full"},
    "instruct": {
        "vision": {"lora": {"r": 64, "alpha": 16, "dropout": 0.05}, "lr": 5e-6},
        "projector": "full",
        "language": "full",
    },
}
LEVERS = ("none", "compile", "packing", "attention", "loss")
WARM_UP_STEPS, TIMED_STEPS = 3, 6


@dataclass(frozen=True)
class Shape:
    """Sizes of a step."""

    preset: str
    samples: int
    pack_tokens: int
    words: tuple[int, int]
    replies: tuple[int, int]


SHAPES = {
    "8b": Shape("doctor-sun-8b", 32, 8192, (20, 200), (10, 300)),
    "micro": Shape("micro", 4, 256, (3, 9), (2, 8)),
}


def make_model(shape: Shape, stage: StageSection, device: torch.device) -> tuple[LlavaForConditionalGeneration, Any]:
    """Build the network with random weights on the device; what is frozen is held in bf16 there."""
    torch.manual_seed(0)
    config = sized_config(PRESETS[shape.preset], VOCAB[shape.preset])
    config.image_token_id = VOCAB[shape.preset] - 1
    with device:
        torch.set_default_dtype(torch.bfloat16)  # set_trainable widens what learns
        model = LlavaForConditionalGeneration(config)
        torch.set_default_dtype(torch.float32)
    parts = set_trainable(model, stage.trainable, stage.adapters)
    hold_frozen(model, bf16=device.type == "cuda")
    return model, parts


def make_items(shape: Shape, step: int) -> list[PackItem]:
    """Make the samples of a step: an image each, a question and a reply of random lengths."""
    draw, vocab = random.Random(step), VOCAB[shape.preset]
    items = []
    for number in range(shape.samples):
        visual = [vocab - 1] * PRESETS[shape.preset].num_visual_tokens
        asked, told = (
            draw.choices(range(5, vocab - 1), k=draw.randint(*each)) for each in (shape.words, shape.replies)
        )
        ids = np.asarray([1, *visual, *asked, *told], dtype=np.int32)
        supervised = np.arange(len(ids)) >= len(ids) - len(told)
        items.append(PackItem(Rendered(ids, supervised, 1 + len(visual)), (f"{step}-{number}",)))
    return items


def make_batches(shape: Shape, step: int, *, is_packed: bool) -> list[PackedBatch]:
    """Lay the samples of a step out; each alone where packing is off."""
    items, size = make_items(shape, step), PRESETS[shape.preset].image_size
    noise = np.random.default_rng(step)
    pixels = {name: noise.integers(0, 256, (3, size, size), dtype=np.uint8) for item in items for name in item.images}
    if not is_packed:
        return [collate([Group((item,))], pixels) for item in items]
    return [collate(pack, pixels) for pack in best_fit(share_prefixes(items, shape.pack_tokens), shape.pack_tokens)]


def losses_of_whole(forward: PackedForward, batch: PackedBatch) -> torch.Tensor:
    """Return the losses by the logits of all positions at once."""
    everywhere = torch.arange(len(batch.ids), device=batch.ids.device)
    visual = forward.visual_tokens(batch.pixels).flatten(0, 1)
    logits = forward.language(batch.ids, batch.positions, batch.layout, everywhere, visual)[batch.supervised]
    return cross_entropy(logits.float(), batch.targets, reduction="none")


def measure(shape: Shape, stage_name: str, off: str) -> dict[str, Any]:
    """Train some steps of a stage with one lever off; return what they took."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    is_cuda = device.type == "cuda"
    settings = {"mixture": [{"source": "made"}], "steps": 1, "batch_samples": shape.samples, "lr": 1e-5}
    trainable = TRAINABLE[stage_name]
    stage = StageSection.model_validate(settings | {"trainable": trainable, "optimizer_states": "bf16"})
    model, parts = make_model(shape, stage, device)
    forward = PackedForward(model.train(), image_mean=CLIP_MEAN, image_std=CLIP_STD)
    if stage_name == "instruct" and is_cuda:
        recompute_blocks(model)
    if off != "compile" and is_cuda:
        for layer in forward.language.layers:
            layer.compile(dynamic=True)
    optimizer, flops = PartsOptimizer(stage, parts), TrainingFlops.of(model)
    computed: Callable[[PackedBatch], torch.Tensor] = forward.losses
    if off == "loss":
        computed = lambda batch: losses_of_whole(forward, batch)  # noqa: E731
    seconds, work, tokens = 0.0, Work(), 0
    for step in range(WARM_UP_STEPS + TIMED_STEPS):
        batches = [each.to(device) for each in make_batches(shape, step, is_packed=off != "packing")]
        if off == "attention":
            for batch in batches:
                object.__setattr__(batch.layout, "spans", None)
        started = now(device)
        train(batches, computed, optimizer, device)
        if step >= WARM_UP_STEPS:
            seconds += now(device) - started
            work = sum((batch.work for batch in batches), work)
            tokens += sum(batch.num_tokens for batch in batches)
    ceiling = matmul_ceiling_tflops("bfloat16" if is_cuda else "float32", seconds=2.0 if is_cuda else 0.1)
    return {
        "stage": stage_name,
        "off": off,
        "tokens_per_s": tokens / seconds,
        "samples_per_s": TIMED_STEPS * shape.samples / seconds,
        "share_of_ceiling": flops.count(work) / seconds / 1e12 / ceiling,
        "ceiling_tflops": ceiling,
        "peak_memory_gib": torch.cuda.max_memory_allocated() / 2**30 if is_cuda else None,
    }


def train(
    batches: Sequence[PackedBatch],
    computed: Callable[[PackedBatch], torch.Tensor],
    optimizer: PartsOptimizer,
    device: torch.device,
) -> None:
    """Take one optimizer step."""
    num_targets = sum(batch.num_targets for batch in batches)
    for batch in batches:
        with torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext():
            loss = supervised_loss(computed(batch), num_targets)
        loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def now(device: torch.device) -> float:
    """Return the clock once the device has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    """Measure each row in a process of its own, and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=[*SHAPES], default="8b")
    parser.add_argument("--stages", nargs="+", choices=[*TRAINABLE], default=[*TRAINABLE])
    parser.add_argument("--off", nargs="+", choices=LEVERS, default=LEVERS)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--here", action="store_true", help="measure the one row that is named in this process")
    options = parser.parse_args()
    if options.here:
        sys.stdout.write(json.dumps(measure(SHAPES[options.shape], options.stages[0], options.off[0])) + "\n")
        return
    rows = []
    for stage in options.stages:
        for off in options.off:
            command = [sys.executable, __file__, "--here", "--shape", options.shape, "--stages", stage, "--off", off]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
            lines = answer.stderr.strip().splitlines() or ["no message"]
            failed = {"stage": stage, "off": off, "error": lines[-1][:300]}
            rows.append(failed if answer.returncode else json.loads(answer.stdout.splitlines()[-1]))
            sys.stderr.write(f"{json.dumps(rows[-1])}\n")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    report = json.dumps({"device": device, "torch": torch.__version__, "shape": options.shape, "rows": rows}, indent=2)
    if options.out:
        options.out.write_text(report + "\n", encoding="utf-8")
    sys.stdout.write(report + "\n")


if __name__ == "__main__":
    main()
