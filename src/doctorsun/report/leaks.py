"""The page of a leak check: how much of each test a store gives away, by layer, with pairs to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doctorsun.data.leak.found import FoundLeaks, LeakedTest, leak_row
from doctorsun.data.leak.verdict import LAYERS, Layer, Leak
from doctorsun.report.gallery import data_uri, shuffle_key
from doctorsun.report.page import page_environment
from doctorsun.report.strings import Language
from doctorsun.schema import Sample
from doctorsun.storage.atomic import write_text
from doctorsun.storage.store import Store

LEAK_PAGE = "leaks.html"
NUM_PAIRS = 6
"""At most so many pairs are shown of each layer."""
THUMBNAIL_PX = 256
_LARGE_BYTES = 15_000
_MOST_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a pair shows: an image as a ``data:`` address, the image's place, and words."""

    picture: str
    path: str
    words: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LeakPair:
    """A question of the test beside a sample of the store that gives it away."""

    row: dict[str, Any]
    test: Side
    store: Side


def write_leak_page(found: FoundLeaks, out: Path, *, language: Language = "en") -> Path:
    """Write the self-contained ``leaks.html``; return its path.

    Raises:
        MachineError: the disk is full.
        DataError: the folder cannot be written, or a store is damaged.
    """
    facts = found.facts()
    tests = [(part, shown_pairs(test, found.store)) for part, test in zip(facts["tests"], found.tests, strict=True)]
    template = page_environment(language).get_template("leaks.html.jinja")
    write_text(out / LEAK_PAGE, template.render(store=facts["store"], tests=tests))
    return out / LEAK_PAGE


def shown_pairs(test: LeakedTest, store: Store) -> dict[Layer, list[LeakPair]]:
    """Return some pairs of each layer that has any: of different images and questions, by a fixed rule."""
    chosen: dict[Layer, list[Leak]] = {
        layer: list(_varied([leak for leak in test.leaks if leak.layer == layer])) for layer in LAYERS
    }
    return {layer: [_pair(test, leak, store) for leak in leaks] for layer, leaks in chosen.items() if leaks}


def _varied(leaks: Sequence[Leak]) -> Iterator[Leak]:
    seen: set[tuple[str, int]] = set()
    ordered = sorted(leaks, key=lambda leak: (not leak.words, shuffle_key(f"{leak.question}/{leak.row}")))
    for leak in ordered:
        key = ("question", leak.question) if leak.tested_image is None else ("image", leak.tested_image)
        if key not in seen and len(seen) < NUM_PAIRS:
            seen.add(key)
            yield leak


def _pair(test: LeakedTest, leak: Leak, store: Store) -> LeakPair:
    tested, sample = test.tested, store[leak.row]
    asked = tested.samples[tested.questions[leak.question].place]
    number = None
    if leak.tested_image is not None:
        number = tested.questions[leak.question].images.index(leak.tested_image)
    row = leak_row(tested, leak, sample)
    return LeakPair(row, _side(asked, number), _side(sample, leak.number))


def _side(sample: Sample, number: int | None) -> Side:
    words = [(turn.role, _cut(turn.text)) for turn in sample.messages if turn.text.strip()]
    if number is None:
        return Side("", "", words)
    image = sample.images[number]
    return Side(data_uri(image, side_px=THUMBNAIL_PX, large_bytes=_LARGE_BYTES), image.path, words)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
