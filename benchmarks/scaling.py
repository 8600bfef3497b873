"""What goes between GPUs in one step of full training at the 8B shape, and how much of it computing hides: derived.

Bytes come from the sharding plan of the code, with the network on PyTorch's meta device; operations from its count of
operations; seconds from the assumptions below. Nothing here was measured on GPUs.
Run: python benchmarks/scaling.py [--out FILE]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import LlavaForConditionalGeneration

from doctorsun.model.build import sized_config
from doctorsun.model.flops import TrainingFlops, Work
from doctorsun.model.language_pass import LanguagePass
from doctorsun.model.presets import PRESETS
from doctorsun.model.trainable import PARTS, set_trainable
from doctorsun.train.parallel import sharded_groups
from doctorsun.train.share import spread

VOCABULARY = 128_256
BF16, FP32 = 2, 4
TEXT_TOKENS_MEDIAN, TEXT_TOKENS_SIGMA, SUPERVISED_SHARE = 160, 0.6, 0.6


@dataclass(frozen=True)
class Assumptions:
    """The machine: eight GPUs of the H100 class in a node, a 400 Gb/s port for each between nodes.

    Attributes:
        tflops: of a GPU in dense bf16 products, by its data sheet.
        mfu: share of it that computing alone reaches.
        inside_gb_per_s: between GPUs of a node, each direction and GPU: four fifths of NVLink's 450.
        between_gb_per_s: between nodes, for each GPU: four fifths of 50.
        inside_start_s: of an exchange inside a node.
        between_start_s: of one between nodes.
        pack_tokens: of one forward pass.
    """

    gpus_per_node: int = 8
    tflops: float = 989.0
    mfu: float = 0.45
    inside_gb_per_s: float = 360.0
    between_gb_per_s: float = 40.0
    inside_start_s: float = 20e-6
    between_start_s: float = 60e-6
    pack_tokens: int = 16_384


@dataclass(frozen=True)
class Network:
    """Parameters of each sharded group and of what every GPU holds whole, and operations per unit of work."""

    groups: tuple[int, ...]
    whole: int
    flops: TrainingFlops


def network() -> Network:
    """Build the 8B shape without memory, all of it training."""
    preset = PRESETS["doctor-sun-8b"]
    with torch.device("meta"):
        model = LlavaForConditionalGeneration(sized_config(preset, VOCABULARY))
    learning = set_trainable(model, PARTS)
    groups = tuple(
        sum(p.numel() for module in group for p in module.parameters()) for group in sharded_groups(LanguagePass(model))
    )
    whole = sum(p.numel() for part in ("vision", "projector") for p in learning[part].values())
    return Network(groups, whole, TrainingFlops.of(model))


def bytes_per_pass(net: Network, num_gpus: int, machine: Assumptions) -> dict[str, float]:
    """Return what one GPU sends in a forward and backward pass, by exchange; rings send (n - 1) / n of the whole."""
    inside = min(num_gpus, machine.gpus_per_node)
    nodes = num_gpus // inside
    sharded = sum(net.groups)
    ring = (inside - 1) / inside
    return {
        "gather": 2 * sharded * BF16 * ring,
        "reduce_scatter": sharded * FP32 * ring,
        "all_reduce_between_nodes": 2 * sharded / inside * FP32 * (nodes - 1) / nodes,
    }


def work_of_ranks(net: Network, num_gpus: int, per_gpu: int) -> list[Work]:
    """Draw samples of one image and some text each, and share them as training does; return each rank's."""
    patches, random = PRESETS["doctor-sun-8b"].num_visual_tokens, np.random.default_rng(7)
    texts = random.lognormal(np.log(TEXT_TOKENS_MEDIAN), TEXT_TOKENS_SIGMA, num_gpus * per_gpu).astype(int) + 2
    works = [
        Work(patches + int(n), (patches + int(n)) * (patches + int(n) + 1) // 2, int(SUPERVISED_SHARE * n), 1)
        for n in texts
    ]
    places = spread([net.flops.count(work) for work in works], num_gpus)
    return [sum((works[place] for place in share), Work()) for share in places]


@dataclass(frozen=True)
class Times:
    """Seconds of each sharded group in one pass: computing forward and backward, and its exchanges."""

    forward: Sequence[float]
    backward: Sequence[float]
    gather: Sequence[float]
    reduce: Sequence[float]
    between: Sequence[float]


def pass_s(times: Times, unsharded_s: float) -> float:
    """Return the seconds of a pass; parameters are gathered one group ahead, gradients reduced behind.

    Three things work side by side: the GPU, the links inside a node, and those between nodes.

    Args:
        times: of the groups, in the order of the forward pass.
        unsharded_s: of what is computed before the groups and, backward, after them.
    """
    links = now = outer = unsharded_s / 3
    begun = now
    for seconds, gather in zip(times.forward, times.gather, strict=True):
        links = max(links, begun) + gather
        begun = max(now, links)
        now = begun + seconds
    last = len(times.gather) - 1
    for place in range(last, -1, -1):
        links = max(links, begun) + (times.gather[place] if place < last else 0.0)  # the last group is still there
        begun = max(now, links)
        now = begun + times.backward[place]
        links = max(links, now) + times.reduce[place]
        outer = max(outer, links) + times.between[place]
    return max(now + unsharded_s * 2 / 3, links, outer)


def step(net: Network, num_gpus: int, per_gpu: int, machine: Assumptions) -> dict[str, Any]:
    """Return what a step costs: bytes of each exchange, seconds with and without them."""
    inside = min(num_gpus, machine.gpus_per_node)
    nodes = num_gpus // inside
    works = work_of_ranks(net, num_gpus, per_gpu)
    costs = [net.flops.count(work) for work in works]
    busiest = works[int(np.argmax(costs))]
    passes = max(1, -(-busiest.tokens // machine.pack_tokens))
    rate = machine.tflops * 1e12 * machine.mfu * passes
    in_layers = (net.flops.token * busiest.tokens + net.flops.pair * busiest.pairs) / (len(net.groups) - 2) / rate
    in_head, in_tower = net.flops.target * busiest.targets / rate, net.flops.image * busiest.images / rate
    seconds = [0.0, *[in_layers] * (len(net.groups) - 2), in_head]
    sent = bytes_per_pass(net, num_gpus, machine)
    shares = [size / sum(net.groups) for size in net.groups]
    inside_rate, between_rate = machine.inside_gb_per_s * 1e9, machine.between_gb_per_s * 1e9
    times = Times(
        forward=[each / 3 for each in seconds],
        backward=[each * 2 / 3 for each in seconds],
        gather=[sent["gather"] / 2 * share / inside_rate + machine.inside_start_s for share in shares],
        reduce=[sent["reduce_scatter"] * share / inside_rate + machine.inside_start_s for share in shares],
        between=[
            sent["all_reduce_between_nodes"] * share / between_rate + machine.between_start_s * (nodes > 1)
            for share in shares
        ],
    )
    one_pass = pass_s(times, in_tower)
    replicas = 2 * net.whole * FP32 * (num_gpus - 1) / num_gpus
    speed = machine.between_gb_per_s * inside if nodes > 1 else machine.inside_gb_per_s
    at_end = replicas / speed / 1e9 + 2 * (machine.between_start_s if nodes > 1 else machine.inside_start_s)
    compute = (sum(seconds) + in_tower) * passes
    total = one_pass * passes + at_end
    return {
        "gpus": num_gpus,
        "samples_per_gpu": per_gpu,
        "passes": passes,
        "exchanges": {
            "gather": 2 * len(net.groups) * passes,
            "reduce": len(net.groups) * passes,
            "gradients": 1,
            "norm": 1,
            "counts": 1,
        },
        "gigabytes_sent_per_gpu": {
            **{name: round(number * passes / 1e9, 3) for name, number in sent.items()},
            "gradients_of_replicas": round(replicas / 1e9, 3),
        },
        "busiest_rank_over_mean": round(max(costs) / (sum(costs) / len(costs)), 4),
        "compute_s": round(compute, 4),
        "step_s": round(total, 4),
        "compute_share": round(compute * sum(costs) / len(costs) / max(costs) / total, 4),
    }


def main() -> None:
    """Print a report, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    machine, net = Assumptions(), network()
    report = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}",
        "torch": torch.__version__,
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip(),  # noqa: S607
        "command": "python benchmarks/scaling.py --out benchmarks/reports/scaling.json",
        "measured": False,
        "assumptions": asdict(machine),
        "parameters": {"sharded": sum(net.groups), "whole_on_every_gpu": net.whole, "groups": len(net.groups)},
        "steps": [step(net, gpus, per_gpu, machine) for per_gpu in (16, 2) for gpus in (8, 64, 512)],
    }
    text = json.dumps(report, indent=1)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    print(text)  # noqa: T201 (the report)


if __name__ == "__main__":
    main()
