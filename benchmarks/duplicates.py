"""Whether copies of pictures are found, and neighbours told from them: the evidence of docs/decisions/0008.

Copies are made of every real picture of a store: encoded again, resized, cut, padded, turned, under another window.
What must not be found are neighbouring slices of real volumes, and films and pictures of other patients.

Run: doctorsun data collect examples/public_sets.yaml --root FOLDER --out STORE
     python benchmarks/duplicates.py --store STORE --data FOLDER --out benchmarks/reports/duplicates.json
"""

import argparse
import io
import json
import os
import platform
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pydicom
import SimpleITK
from nibabel.loadsave import load
from nibabel.testing import data_path
from numpy.typing import NDArray

from doctorsun.image.fingerprint import FINGERPRINT_BYTES, NEAR_BITS, Views, fingerprint_of_grey, small_views
from doctorsun.image.near import near_within
from doctorsun.image.raster import decode
from doctorsun.image.same_picture import is_same_picture
from doctorsun.storage.store import Store

Picture = PIL.Image.Image
BITS = (10, 15, 20, 24, 30)
EDGES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 80, 100, 257)
LEAST_PX, MOST_PX = 64, 1024
MOST_OF_A_KIND = 60
SCALES = (50_000, 200_000, 800_000)


def encoded(shown: Picture, quality: int) -> Picture:
    """Return the picture as a JPEG of a quality shows it."""
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=quality)
    return decode(buffer.getvalue())


def resized(shown: Picture, factor: float) -> Picture:
    """Return the picture larger or smaller."""
    return shown.resize((max(1, round(shown.width * factor)), max(1, round(shown.height * factor))))


def cut(shown: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    """Return the picture without shares of its width and height at the four sides."""
    width, height = shown.size
    return shown.crop((int(width * left), int(height * top), int(width * (1 - right)), int(height * (1 - bottom))))


def padded(shown: Picture, width: int, height: int) -> Picture:
    """Return the picture in the middle of a black one."""
    whole = PIL.Image.new(shown.mode, (width, height))
    whole.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    return whole


def window(shown: Picture, low: int, high: int) -> Picture:
    """Return the picture with the grey values between two bounds spread from 0 to 255."""
    return shown.point(
        [max(0, min(255, round((level - low) * 255 / (high - low)))) for level in range(256)] * len(shown.getbands())
    )


def gamma(shown: Picture, power: float) -> Picture:
    """Return the picture darker or brighter in its middle tones."""
    return shown.point([round(255 * (level / 255) ** power) for level in range(256)] * len(shown.getbands()))


def square(shown: Picture) -> Picture:
    """Return the square in the middle of the picture."""
    side = min(shown.size)
    left, top = (shown.width - side) // 2, (shown.height - side) // 2
    return shown.crop((left, top, left + side, top + side))


TURN = PIL.Image.Resampling.BICUBIC
COPIES: dict[str, Callable[[Picture], Picture]] = {
    "JPEG, quality 90": lambda shown: encoded(shown, 90),
    "JPEG, quality 50": lambda shown: encoded(shown, 50),
    "JPEG, quality 20": lambda shown: encoded(shown, 20),
    "half the size": lambda shown: resized(shown, 0.5),
    "half the size, JPEG 50": lambda shown: encoded(resized(shown, 0.5), 50),
    "a quarter of the size": lambda shown: resized(shown, 0.25),
    "1.7 times the size": lambda shown: resized(shown, 1.7),
    "224 x 224": lambda shown: shown.resize((224, 224)),
    "window 30 to 225": lambda shown: window(shown, 30, 225),
    "window 60 to 200": lambda shown: window(shown, 60, 200),
    "window 0 to 180": lambda shown: window(shown, 0, 180),
    "window 80 to 255": lambda shown: window(shown, 80, 255),
    "gamma 0.7": lambda shown: gamma(shown, 0.7),
    "gamma 1.5": lambda shown: gamma(shown, 1.5),
    "padded by 10 %": lambda shown: padded(shown, round(shown.width * 1.2), round(shown.height * 1.2)),
    "padded to a square": lambda shown: padded(shown, max(shown.size), max(shown.size)),
    "square in the middle": square,
    "cut by 1 % all round": lambda shown: cut(shown, 0.01, 0.01, 0.01, 0.01),
    "cut by 2 % all round": lambda shown: cut(shown, 0.02, 0.02, 0.02, 0.02),
    "cut by 5 % all round": lambda shown: cut(shown, 0.05, 0.05, 0.05, 0.05),
    "cut by 10 % all round": lambda shown: cut(shown, 0.1, 0.1, 0.1, 0.1),
    "cut by 5 % at one side": lambda shown: cut(shown, 0.05, 0, 0, 0),
    "turned by 1 degree": lambda shown: shown.rotate(1, TURN),
    "turned by 3 degrees": lambda shown: shown.rotate(3, TURN),
    "mirrored": lambda shown: shown.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT),
    "inverted": lambda shown: shown.point([255 - level for level in range(256)] * len(shown.getbands())),
}


class Looks:
    """The three views of a picture with their fingerprints."""

    def __init__(self, shown: Picture) -> None:
        self.views: Views = small_views(shown)
        self.prints = np.frombuffer(b"".join(map(fingerprint_of_grey, self.views)), dtype=np.uint64).reshape(3, -1)

    def apart(self, other: "Looks") -> NDArray[np.int64]:
        """Return in how many bits each view differs from each of another picture, [3, 3]."""
        return np.bitwise_count(self.prints[:, None] ^ other.prints[None]).sum(axis=2, dtype=np.int64)

    def is_copy(self, other: "Looks", bits: int) -> bool:
        """Say whether curation takes the two for one picture: two views are near, and the same at the second look."""
        near = np.argwhere(self.apart(other) <= bits).tolist()
        return any(is_same_picture(self.views[one], other.views[two]) for one, two in near)


def pictures_of(store: Store) -> Iterator[tuple[str, Picture]]:
    """Yield different pictures of a store with data set and modality, some of each, none larger than need be."""
    seen: set[str] = set()
    num_of: Counter[str] = Counter()
    for row, digests in enumerate(store.column("images.sha256")):
        if set(digests) <= seen:
            continue
        sample = store[row]
        kind = f"{sample.source.dataset} {sample.modality}".strip()
        for image in sample.images:
            is_new = image.bytes is not None and image.sha256 not in seen and min(image.width, image.height) >= LEAST_PX
            if is_new and num_of[kind] < MOST_OF_A_KIND:
                shown = decode(image.bytes)
                shown.thumbnail((MOST_PX, MOST_PX))
                num_of[kind] += 1
                yield kind, shown
            seen.add(image.sha256)


def volumes(data: Path) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield real volumes: slices in order of place."""
    for path in sorted((data / "pyradiomics_cases" / "data").glob("*.nrrd")):
        if "label" not in path.name:
            yield path.stem, SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path)).astype(np.float64)
    brain = np.asarray(load(Path(data_path) / "example4d.nii.gz").dataobj, dtype=np.float64)[..., 0]
    yield "example4d, axial", np.moveaxis(brain, 2, 0)
    yield "example4d, sagittal", brain
    series: defaultdict[str, list[pydicom.Dataset]] = defaultdict(list)
    for path in sorted((data / "dicom_dcmqi").rglob("*.dcm")):
        read = pydicom.dcmread(path)
        if "ImagePositionPatient" in read and "PixelData" in read and min(read.Rows, read.Columns) >= LEAST_PX:
            series[read.SeriesInstanceUID].append(read)
    for slices in series.values():
        slices.sort(key=lambda one: float(one.ImagePositionPatient[2]))
        different = [
            one for one, other in pairwise([*slices, None]) if other is None or one.PixelData != other.PixelData
        ]
        if len(different) > 1:
            stored = [
                one.pixel_array * float(one.get("RescaleSlope", 1)) + float(one.get("RescaleIntercept", 0))
                for one in different
            ]
            yield f"dcmqi {different[0].Modality}", np.stack(stored)


def shown_slices(name: str, volume: NDArray[np.float64]) -> Iterator[tuple[str, list[Picture]]]:
    """Yield a volume as pictures: between its percentiles, and CT in the window of soft tissue as well."""
    bounds = {"0.5 to 99.5 %": np.percentile(volume, [0.5, 99.5])}
    if name.endswith("CT"):
        bounds["window 40/400"] = np.array([-160.0, 240.0])
    for words, (low, high) in bounds.items():
        pixels = (np.clip((volume - low) / (high - low), 0, 1) * 255).astype(np.uint8)
        yield f"{name}, {words}", [PIL.Image.fromarray(plane) for plane in pixels if plane.std() > 5]  # noqa: PLR2004


def recall(pictures: list[tuple[str, Picture]]) -> dict[str, Any]:
    """Return for each kind of copy how many are found, by fingerprint alone and after the second look."""
    originals = [(kind, shown, Looks(shown)) for kind, shown in pictures]
    report: dict[str, Any] = {}
    for name, copied in COPIES.items():
        rows = []
        for kind, shown, looks in originals:
            copy = Looks(copied(shown))
            apart = looks.apart(copy)
            rows.append((kind, int(apart[0, 0]), int(apart.min()), looks.is_copy(copy, NEAR_BITS)))
        whole, best = (np.array([row[column] for row in rows]) for column in (1, 2))
        kinds = sorted({row[0] for row in rows})
        report[name] = {
            "num": len(rows),
            "found": share([row[3] for row in rows]),
            "near_by_whole": {bits: share(whole <= bits) for bits in BITS},
            "near_by_any_view": {bits: share(best <= bits) for bits in BITS},
            "bits_of_whole": histogram(whole),
            "found_by_kind": {kind: share([row[3] for row in rows if row[0] == kind]) for kind in kinds},
        }
        sys.stderr.write(f"{name}: {report[name]['found']}\n")
    return report


def false_alarms(pictures: list[tuple[str, Picture]], data: Path) -> dict[str, Any]:
    """Return how often neighbours and strangers are near, and taken for one picture."""
    report: dict[str, Any] = {}
    for name, volume in volumes(data):
        for words, slices in shown_slices(name, volume):
            if len(slices) > 1:
                report[f"neighbouring slices: {words}"] = alarms(list(pairwise(map(Looks, slices))))
    looks = [(kind, Looks(shown)) for kind, shown in pictures]
    chest = [one for kind, one in looks if kind in ("vqa_rad xray", "covid_cxr_segmentations chest_xray")]
    report["films of chests, all pairs"] = alarms(list(combinations(chest, 2)))
    report["all other pairs"] = alarms(list(combinations([one for _, one in looks], 2)))
    return report


def alarms(pairs: list[tuple[Looks, Looks]]) -> dict[str, Any]:
    """Return how many of pairs that are not copies are near by fingerprint, and taken for copies."""
    apart = [one.apart(other) for one, other in pairs]
    return {
        "num": len(pairs),
        "near_by_whole": {bits: int(sum(found[0, 0] <= bits for found in apart)) for bits in BITS},
        "near_by_any_view": {bits: int(sum(found.min() <= bits for found in apart)) for bits in BITS},
        "found": sum(one.is_copy(other, NEAR_BITS) for one, other in pairs),
        "bits_of_whole": histogram(np.array([found[0, 0] for found in apart])),
    }


def cost(pictures: list[tuple[str, Picture]]) -> list[dict[str, Any]]:
    """Return what the search for near pairs takes: real fingerprints with three bits of ten turned by chance."""
    real = np.concatenate([Looks(shown).prints.view(np.uint8) for _, shown in pictures])
    rng = np.random.default_rng(0)
    rows = []
    for num in SCALES:
        turned = np.packbits(rng.random((num, 8 * FINGERPRINT_BYTES), dtype=np.float32) < 0.3, axis=1)  # noqa: PLR2004
        prints = real[rng.integers(0, len(real), num)] ^ turned
        start = time.process_time()
        first, _ = near_within(prints, NEAR_BITS)
        rows.append({"num": num, "core_seconds": round(time.process_time() - start, 1), "num_pairs": len(first)})
        sys.stderr.write(f"{rows[-1]}\n")
    return rows


def share(found: Any) -> float:
    """Return the share of what is true, rounded."""
    return round(float(np.mean(found)), 4)


def histogram(bits: NDArray[np.int64]) -> dict[str, int]:
    """Return how many distances lie in each range of bits."""
    counts = np.histogram(bits, bins=EDGES)[0].tolist()
    return {f"{low}-{high - 1}": count for (low, high), count in zip(pairwise(EDGES), counts, strict=True)}


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    pictures = list(pictures_of(Store(asked.store)))
    report = {
        "near_bits": NEAR_BITS,
        "num_pictures": len(pictures),
        "copies": recall(pictures),
        "false_alarms": false_alarms(pictures, asked.data),
        "cost": cost(pictures),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}",
    }
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
