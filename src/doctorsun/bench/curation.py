"""Speed, memory and scaling of ``doctorsun data curate`` on generated pairs: each a picture and words of its own."""

import io
import math
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from doctorsun.config.curation import Curation
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.curate import curate
from doctorsun.data.curate.examine import ROW_STEPS
from doctorsun.data.curate.inputs import Inputs
from doctorsun.data.curate.runners.runner import open_runner
from doctorsun.data.curate.sketch import sketch_of
from doctorsun.image.raster import image_record
from doctorsun.schema import Message, Sample, Source, image_part, text_part
from doctorsun.storage.store import StoreWriter

SIDE_PX = 336
SMALL_SIDE_PX = 64
"""Of pairs whose number is what counts: sketches grow with it, while pictures are held one row group at a time."""
ALL_PAIRS = 5_500_000  # of GMAI-VL-5.5M, the largest published set of this field
CORES = (1, 64, 512)
ASSUMPTIONS = (
    "cores as fast as this one, and none waits for the storage",
    "examining and writing take one task per shard and share nothing; the slowest core has the most shards",
    (
        "deciding runs in one process on the sketches alone, its time and memory in proportion to their number; of "
        "millions of pictures, comparing all with all that may be cropped takes longer: its time is a lower bound"
    ),
)
IMAGE_STEPS = ("decodes", "smallest_side", "aspect", "constant_image", "blank_image", "fingerprints")
ROWS_PER_SHARD = 4096  # of every store
JPEG_QUALITY = 90
_BLOBS = 14  # bright and dark spots along a side: no two pictures are alike
_NOISE_KINDS = 16
_WARM_UP = 50  # pairs: dictionaries and models of languages are loaded once


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedRun:
    """What one curation took.

    Attributes:
        cpu_s: of its process, by phase.
        wall_s: of all phases.
        kept: samples that are left.
    """

    cpu_s: dict[str, float]
    wall_s: float
    peak_memory_mib: float
    kept: int


def measure_curation(*, num_pairs: int, num_more: int, scratch: Path | None = None) -> dict[str, Any]:
    """Curate generated pairs in processes of their own, and foretell what 5.5 million take.

    Args:
        num_pairs: pairs of the timed run, and of the smaller one whose memory is compared.
        num_more: pairs of the larger one.
        scratch: where the stores lie for the time of the measurement (about 60 kB a pair).

    Returns:
        pairs per second of one core, over all image steps and over everything; milliseconds of each step; memory with
        ``num_pairs`` and with ``num_more`` pairs; the projection and what it assumes.
    """
    facts: dict[str, Any] = {"pairs": num_pairs, "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
    facts |= _alone(_profiled, min(num_pairs, 2000))
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        timed = _run(folder / "timed", num_pairs, SIDE_PX)
        facts |= {
            "pairs_per_cpu_s": num_pairs / sum(timed.cpu_s.values()),
            "pairs_per_s": num_pairs / timed.wall_s,
            "kept": timed.kept,
            "cpu_s": timed.cpu_s,
            "peak_memory_mib": timed.peak_memory_mib,
        }
        few = _run(folder / "few", num_pairs, SMALL_SIDE_PX)
        many = _run(folder / "many", num_more, SMALL_SIDE_PX)
        facts |= {
            "more_pairs": num_more,
            "side_px_of_more_pairs": SMALL_SIDE_PX,
            "peak_memory_mib_of_small_pairs": few.peak_memory_mib,
            "more_peak_memory_mib": many.peak_memory_mib,
            "more_cpu_s": many.cpu_s,
        }
        facts["projection"] = projection(timed, num_pairs, few, many, num_more)
    return facts


def projection(timed: CuratedRun, num_pairs: int, few: CuratedRun, many: CuratedRun, num_more: int) -> dict[str, Any]:
    """Foretell the curation of 5.5 million pairs.

    Args:
        timed: the run on pictures of full size.
        num_pairs: of it, and of ``few``.
        few: the run on so many small pictures.
        many: the run on more small pictures.
        num_more: of it.
    """
    decide_s = many.cpu_s["decide"] / num_more * ALL_PAIRS
    memory_mib = (many.peak_memory_mib - few.peak_memory_mib) / (num_more - num_pairs) * ALL_PAIRS
    shard_s = (timed.cpu_s["examine"] + timed.cpu_s["write"]) / num_pairs * ROWS_PER_SHARD
    num_shards = math.ceil(ALL_PAIRS / ROWS_PER_SHARD)
    hours = {f"hours_on_{cores}_cores": (shard_s * math.ceil(num_shards / cores) + decide_s) / 3600 for cores in CORES}
    return {
        "pairs": ALL_PAIRS,
        "shards": num_shards,
        **hours,
        "hours_of_deciding": decide_s / 3600,
        "memory_gib_of_deciding": max(0.0, memory_mib / 1024) + few.peak_memory_mib / 1024,
        "assumptions": list(ASSUMPTIONS),
    }


def generated_pairs(num_pairs: int, side_px: int) -> Iterator[Sample]:
    """Yield samples that each show a picture of their own and ask and answer in words of their own."""
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 4, (_NOISE_KINDS, side_px, side_px, 1)).astype(np.int16)
    for number in range(num_pairs):
        blobs = PIL.Image.fromarray(rng.integers(0, 256, (_BLOBS, _BLOBS, 3), dtype=np.uint8))
        smooth = np.asarray(blobs.resize((side_px, side_px), PIL.Image.Resampling.BICUBIC), dtype=np.int16)
        pixels = np.clip(smooth + grain[number % _NOISE_KINDS], 0, 255).astype(np.uint8)
        file = io.BytesIO()
        PIL.Image.fromarray(pixels).save(file, "JPEG", quality=JPEG_QUALITY)
        yield _pair(number, file.getvalue())


def _pair(number: int, picture: bytes) -> Sample:
    question = text_part(f"Describe image {number}. 请描述这张图像。")
    answer = text_part(f"Image {number} shows a smooth field with bright discs; no lesion is seen. 未见异常。")
    return Sample(
        id=f"{number:016x}",
        messages=(
            Message(role="user", content=(image_part(), question)),
            Message(role="assistant", content=(answer,)),
        ),
        images=(image_record(picture),),
        source=Source(dataset="generated", licence="CC0-1.0", original_id=str(number)),
        language="mixed",
        modality="ct",
    )


def _run(folder: Path, num_pairs: int, side_px: int) -> CuratedRun:
    """Write a store of generated pairs, and curate it in a process of its own."""
    with StoreWriter(folder / "store", name="generated", step={"step": "generate", "pairs": num_pairs}) as writer:
        for sample in generated_pairs(num_pairs, side_px):
            writer.add([sample])
    return _alone(_curated, folder)


def _alone(work: Callable[[Any], Any], given: Any) -> Any:
    """Return what a function returns in a new process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, given).result()


def _curated(folder: Path) -> CuratedRun:
    """Curate a store with one worker: this process."""
    cpu_s: dict[str, float] = defaultdict(float)
    now, began = time.process_time(), time.perf_counter()

    def note(phase: str, _done: int, _total: int) -> None:
        nonlocal now
        then, now = now, time.process_time()
        cpu_s[phase] += now - then

    with open_runner("local", 1) as runner:
        store = curate(Inputs([folder / "store"]), folder / "curated", Curation(), runner=runner, on_progress=note)
    wall_s = time.perf_counter() - began
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return CuratedRun(cpu_s=dict(cpu_s), wall_s=wall_s, peak_memory_mib=peak_mib, kept=len(store))


def _profiled(num_pairs: int) -> dict[str, Any]:
    """Return milliseconds of each step on a pair, of processor time, and the pairs per second of the image steps."""
    spent: dict[str, float] = defaultdict(float)
    pairs = generated_pairs(num_pairs + _WARM_UP, SIDE_PX)
    for sample in islice(pairs, _WARM_UP):
        _examine(sample, defaultdict(float))
    for sample in pairs:
        _examine(sample, spent)
    image_s = sum(spent[name] for name in IMAGE_STEPS)
    return {
        "image_steps_pairs_per_cpu_s": num_pairs / image_s,
        "all_steps_pairs_per_cpu_s": num_pairs / sum(spent.values()),
        "ms_of_step": {name: seconds / num_pairs * 1000 for name, seconds in spent.items()},
    }


def _examine(sample: Sample, spent: dict[str, float]) -> None:
    """Put a sample through every row step and its sketch, and add what each took."""
    settings, candidate, now = Curation(), Candidate(sample), time.process_time()

    def note(name: str) -> None:
        nonlocal now
        then, now = now, time.process_time()
        spent[name] += now - then

    for name, step in ROW_STEPS:
        found = step(candidate, getattr(settings, name))
        candidate = candidate if isinstance(found, Rejected) else candidate.with_sample(found)
        note(name)
    for image in candidate.images:
        _ = image.pixel_sha256, image.fingerprint, image.inner_fingerprints, image.cut_fingerprints
    note("fingerprints")
    sketch_of(0, candidate)
    note("sketch")
