"""The samples that a card shows: varied over data sets, tasks, modalities and languages, with images and without."""

import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from doctorsun.report.gallery import Box, data_uri
from doctorsun.report.store_facts import Candidate
from doctorsun.report.strings import Language, translate
from doctorsun.schema import Image, Message, Sample
from doctorsun.storage.store import Store

NUM_OF_EACH = 12
"""At most so many samples with their images, and so many without."""
MAX_CHARACTERS = 320
MAX_TURNS = 4
MAX_BOXES = 60
BOX_MARK = re.compile(r"<box>#(\d+)</box>")
REF_MARK = re.compile(r"</?ref>")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBox:
    """A box on the shown image, in pixels, with the number that the words call it by; 0 where they do not."""

    box_px: Box
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTurn:
    """What one speaker says, cut where it is long."""

    role: str
    text: str
    num_more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSample:
    """A sample of a card with its words for the eye and its first image; ``translated`` says them again."""

    sample: Sample
    turns: tuple[ShownTurn, ...]
    translated: tuple[ShownTurn, ...] = ()
    translated_language: str = ""
    boxes: tuple[ShownBox, ...]
    picture: str

    @property
    def image(self) -> Image | None:
        """The first image."""
        return self.sample.images[0] if self.sample.images else None

    @property
    def num_more_images(self) -> int:
        """Images beside the first."""
        return max(len(self.sample.images) - 1, 0)

    @property
    def num_more_turns(self) -> int:
        """Turns that are not shown."""
        return len(self.sample.messages) - len(self.turns)


def choose_samples(store: Store, candidates: Iterable[Candidate]) -> list[ShownSample]:
    """Read the samples to show, by a fixed rule: each time the one whose data set, task and so on were shown least.

    Raises:
        DataError: a shard is damaged.
    """
    known = list(candidates)
    pictured = choose_varied([each for each in known if each.has_image], NUM_OF_EACH)
    others = choose_varied([each for each in known if not each.has_image], NUM_OF_EACH)
    shown = [show(store[each.row], translation_of(store, each.row)) for each in [*pictured, *others]]
    return sorted(shown, key=lambda each: (not each.picture, each.image is None))


def choose_varied(candidates: Iterable[Candidate], num: int) -> list[Candidate]:
    """Choose at most ``num`` candidates, each time the one whose traits were shown least, the first trait first."""
    left = list(candidates)
    chosen: list[Candidate] = []
    seen: Counter[tuple[int, str]] = Counter()
    while left and len(chosen) < num:
        best = min(left, key=lambda each: [seen[trait] for trait in enumerate(each.traits)])
        left.remove(best)
        chosen.append(best)
        seen.update(enumerate(best.traits))
    return chosen


def translation_of(store: Store, row: int) -> Sample | None:
    """Return the sample beside a row that is its translation, or that it is one of."""
    sample = store.without_bytes(row)
    for near in (row - 1, row + 1):
        if not 0 <= near < len(store):
            continue
        other = store.without_bytes(near)
        pairs = ((sample.variant, other.id), (other.variant, sample.id))
        if any(variant and (variant.kind, variant.of) == ("translation", of) for variant, of in pairs):
            return other
    return None


def show(sample: Sample, translation: Sample | None = None) -> ShownSample:
    """Return a sample for the eye, with its words in the other language where it has them."""
    said = " ".join(message.text for message in sample.messages[:MAX_TURNS])
    named = [int(number) for number in BOX_MARK.findall(said)]
    boxes = [
        ShownBox(box_px=thing.box_px, number=index + 1 if index in named else 0)
        for index, thing in enumerate(sample.objects)
        if thing.image == 0
    ]
    return ShownSample(
        sample=sample,
        turns=_turns(sample),
        translated=_turns(translation) if translation else (),
        translated_language=translation.language if translation else "",
        boxes=tuple(sorted(boxes, key=lambda box: box.number == 0)[:MAX_BOXES]),
        picture=_picture(sample.images[0]) if sample.images else "",
    )


def _turns(sample: Sample) -> tuple[ShownTurn, ...]:
    return tuple(_turn(message, "zh" if sample.language == "zh" else "en") for message in sample.messages[:MAX_TURNS])


def _turn(message: Message, language: Language) -> ShownTurn:
    box = translate("card.box", language)
    words = BOX_MARK.sub(lambda mark: f"[{box} {int(mark[1]) + 1}]", REF_MARK.sub("", message.text))
    text = CONTROLS.sub("", words.replace("\r\n", "\n")).strip()
    return ShownTurn(role=message.role, text=text[:MAX_CHARACTERS], num_more=max(len(text) - MAX_CHARACTERS, 0))


def _picture(image: Image) -> str:
    """Return the image as a ``data:`` address; empty where its bytes are not here, or are no picture."""
    return data_uri(image) if image.bytes is not None and _opens(image.bytes) else ""


def _opens(data: bytes) -> bool:
    from PIL import Image as Picture

    try:
        with Picture.open(io.BytesIO(data)) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Picture.DecompressionBombError):
        return False
    return True
