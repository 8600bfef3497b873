"""Speed, memory and scaling of ``doctorsun data import`` on generated image-text pairs, each image a distinct JPEG."""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from doctorsun.bench.machine import second_process_gain

SIDE_PX = 336
SCENE_PX = 1200
JPEG_QUALITY = 90
IMAGES_PER_FOLDER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One measured run of the command."""

    wall_s: float
    cpu_s: float
    peak_memory_mib: float


def measure_data(*, num_pairs: int, num_more: int, pairings: int, scratch: Path | None = None) -> dict[str, Any]:
    """Import generated pairs with one and two workers, then more of them, each time by the real command.

    Args:
        num_pairs: pairs of each timed run.
        num_more: pairs of the run whose memory is compared; none when 0.
        pairings: how often one and two workers are compared, one right after the other.
        scratch: where the pairs and stores go for the time of the measurement (about 60 kB a pair).

    Returns:
        medians: pairs per second of wall and of processor time, the gain of a second worker and what two processes that
        share nothing gain on this machine at the time, how long one worker and two take for a single pair (the start of
        the program, counted in everywhere), and peak memory with ``num_pairs`` and with ``num_more`` pairs.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        write_pairs(folder / "one", 1)
        write_pairs(folder / "pairs", num_pairs)
        starts = [_pairing(folder / "one", number) for number in range(pairings)]
        ones, twos = zip(*(_pairing(folder / "pairs", number) for number in range(pairings)), strict=True)
        facts: dict[str, Any] = {
            "pairs": num_pairs,
            "cores": len(os.sched_getaffinity(0)),
            "pairs_per_s": num_pairs / statistics.median(run.wall_s for run in ones),
            "pairs_per_cpu_s": num_pairs / statistics.median(run.cpu_s for run in ones),
            "pairs_per_s_of_2_workers": num_pairs / statistics.median(run.wall_s for run in twos),
            "gain_of_2_workers": statistics.median(
                one.wall_s / two.wall_s for one, two in zip(ones, twos, strict=True)
            ),
            "gain_of_2_processes_of_this_machine": statistics.median(second_process_gain() for _ in range(pairings)),
            "start_s": statistics.median(one.wall_s for one, _ in starts),
            "start_s_of_2_workers": statistics.median(two.wall_s for _, two in starts),
            "peak_memory_mib": statistics.median(run.peak_memory_mib for run in ones),
        }
        if num_more:
            write_pairs(folder / "more", num_more)
            more = run_import(folder / "more", folder / "more-store", workers=1)
            facts |= {
                "more_pairs": num_more,
                "more_pairs_per_s": num_more / more.wall_s,
                "more_peak_memory_mib": more.peak_memory_mib,
            }
        return facts


def write_pairs(folder: Path, num_pairs: int) -> None:
    """Write a LLaVA file, ``pairs.json``, and its images."""
    folder.mkdir(parents=True)
    with (folder / "pairs.json").open("w", encoding="utf-8") as file:
        file.write("[")
        for number, encoded in enumerate(_pictures(num_pairs)):
            name = f"images/{number // IMAGES_PER_FOLDER:04d}/{number:07d}.jpg"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded)
            file.write(("," if number else "") + json.dumps(_pair(number, name), ensure_ascii=False))
        file.write("]")


def run_import(pairs: Path, out: Path, *, workers: int) -> Import:
    """Run the command on written pairs and return what it took; the largest of its processes gives the memory."""
    command = [sys.executable, "-m", "doctorsun", "data", "import", "llava", str(pairs / "pairs.json")]
    command += ["--images", str(pairs), "--out", str(out), "--workers", str(workers)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 (ours)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Import(
        wall_s=time.perf_counter() - started,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_memory_mib=usage.ru_maxrss / 1024,
    )


def _pairing(pairs: Path, number: int) -> tuple[Import, Import]:
    """Time one worker and two, in an order that takes turns, so that neither always finds the files in memory."""
    order = (1, 2) if number % 2 == 0 else (2, 1)
    runs: dict[int, Import] = {}
    for workers in order:
        with tempfile.TemporaryDirectory(dir=pairs) as out:
            runs[workers] = run_import(pairs, Path(out) / "store", workers=workers)
    return runs[1], runs[2]


def _pair(number: int, name: str) -> dict[str, Any]:
    question = f"<image>\nDescribe image {number}. 请描述这张图像。"
    answer = f"Image {number} shows a smooth field with a bright disc; no lesion is seen. 未见异常。"
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"id": f"pair-{number}", "image": name, "conversations": turns}


def _pictures(number: int) -> Iterator[bytes]:
    """Yield JPEG files that all differ: windows of one large noisy scene, each at a place of its own."""
    import PIL.Image

    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SCENE_PX, :SCENE_PX] / SIDE_PX
    waves = 128 + 90 * np.sin(7 * rows)[..., None] * np.cos(5 * columns[..., None] + np.arange(3))
    scene = np.clip(waves + rng.normal(0, 4, (SCENE_PX, SCENE_PX, 1)), 0, 255).astype(np.uint8)
    places = SCENE_PX - SIDE_PX
    for index in range(number):
        row, column = divmod(index, places)
        file = io.BytesIO()
        window = scene[row : row + SIDE_PX, column : column + SIDE_PX]
        PIL.Image.fromarray(window).save(file, "JPEG", quality=JPEG_QUALITY)
        yield file.getvalue()
