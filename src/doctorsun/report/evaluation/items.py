"""Items to browse: questions with their images, the truth, every answer, and what each protocol makes of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from doctorsun.eval.protocols import Protocol
from doctorsun.eval.protocols.box_iou import boxes_in
from doctorsun.report.evaluation.record import TaskRecord, protocols_of, unique_rows
from doctorsun.report.gallery import PARTLY, POINTING_MARKS, Box, data_uri, gold_text, shuffle_key
from doctorsun.schema import Image, Prediction
from doctorsun.storage.store import Store

NUM_ITEMS = 240
"""At most so many items stand on a page, shared by its tasks."""
MIN_ITEMS = 12
"""So many of each task, however many tasks there are."""
NUM_JUDGED = 3000
"""At most so many questions of a task are judged to choose from."""
MAX_CHARACTERS = 700
MAX_IMAGES = 3
THUMBNAIL_PX = 256
SMALL_BYTES = 12_000
ItemVerdict = Literal["right", "partly", "wrong", "invalid"]
VERDICTS: tuple[ItemVerdict, ...] = ("right", "partly", "wrong", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one protocol makes of one answer: its first metric in [0, 1]."""

    protocol: str
    metric: str
    value: float
    verdict: ItemVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """The answer under one control, with its judgements; none where it failed."""

    control: str
    row: Prediction
    judgements: tuple[Judgement, ...]

    @property
    def text(self) -> str:
        """The answer for the eye, without the marks that point out objects, cut where it is long."""
        return POINTING_MARKS.sub("", self.row.output).strip()[:MAX_CHARACTERS]

    @property
    def num_more(self) -> int:
        """Characters of the answer that are not shown."""
        return max(len(POINTING_MARKS.sub("", self.row.output).strip()) - MAX_CHARACTERS, 0)

    @property
    def verdict(self) -> ItemVerdict:
        """The verdict of the first protocol."""
        return self.judgements[0].verdict if self.judgements else "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A thumbnail as a ``data:`` address, with the size of the true image in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question to browse; the first answer is the model's, where it was asked with the true image."""

    answers: tuple[ItemAnswer, ...]
    pictures: tuple[Picture, ...] = ()
    num_more_pictures: int = 0

    @property
    def asked(self) -> Prediction:
        """The row that tells the question."""
        return self.answers[0].row

    @property
    def verdict(self) -> ItemVerdict:
        """How right the first answer is."""
        return self.answers[0].verdict

    @property
    def question(self) -> str:
        """The question for the eye, cut where it is long."""
        return shortened(self.asked.question)

    @property
    def options(self) -> list[str]:
        """The choices with their letters; none where the question says them already."""
        texts = self.asked.options
        if all(text in self.asked.question for text in texts):
            return []
        return [f"{chr(ord('A') + index)}. {shortened(text)}" for index, text in enumerate(texts)]

    @property
    def truth(self) -> str:
        """The right answer in words, cut where it is long."""
        return shortened(gold_text(self.asked))

    @property
    def true_boxes_px(self) -> list[Box]:
        """The true boxes on the first image, where the question asks for a place."""
        return [box for gold in self.asked.gold for box in boxes_in(gold)] if self.asked.kind == "box" else []

    @property
    def said_boxes_px(self) -> list[Box]:
        """The boxes of the first answer, where the question asks for a place."""
        return boxes_in(self.asked.output) if self.asked.kind == "box" else []

    def as_dict(self) -> dict[str, Any]:
        """Return who asked what and what came of it, without texts, which stand in the predictions."""
        return {
            "id": self.asked.id,
            "kind": self.asked.kind,
            "language": self.asked.language,
            "verdict": self.verdict,
            "verdicts": {
                answer.control: {
                    each.protocol: {"value": each.value, "verdict": each.verdict} for each in answer.judgements
                }
                for answer in self.answers
            },
        }


def shortened(text: str) -> str:
    """Return a text with a mark in place of what goes beyond the most that is shown."""
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"


def num_items_of_each(num_tasks: int) -> int:
    """Return how many items of each task a page shows, so that it stays of a bounded size."""
    return max(NUM_ITEMS // max(num_tasks, 1), MIN_ITEMS)


def choose_items(task: TaskRecord, num: int) -> list[Item]:
    """Choose items by a fixed rule: in the order of a hash of their ids, each verdict and kind in turn.

    Args:
        task: its answers; images come from its stores, where these still exist.
        num: the most items.
    """
    by_control = {control: unique_rows(task.predictions, control) for control in task.controls}
    first = next(iter(by_control.values()), {})
    known = sorted((row for row in first.values() if any(gold.strip() for gold in row.gold)), key=_order)[:NUM_JUDGED]
    judges = {key: protocols_of(names, key[0]) for key, names in task.protocols().items()}
    items = [Item(answers=tuple(_answers(row.id, by_control, judges))) for row in known]
    places = _places(task.stores())
    return [_with_pictures(item, places) for item in in_turn(items, num)]


def in_turn(items: Iterable[Item], num: int) -> list[Item]:
    """Return at most ``num`` items: of each verdict and kind in turn, in the given order."""
    queues: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        queues.setdefault((item.verdict, item.asked.kind), []).append(item)
    ranked = [
        (place, VERDICTS.index(item.verdict), item.asked.kind, item)
        for queue in queues.values()
        for place, item in enumerate(queue)
    ]
    return [item for *_, item in sorted(ranked, key=lambda entry: entry[:3])][:num]


def judge(row: Prediction, protocol: Protocol) -> Judgement:
    """Return what a protocol makes of an answer; partly right from one half on."""
    verdict = protocol.judge(row)
    metric = protocol.metrics[0]
    value = verdict.values[metric]
    word: ItemVerdict = "right" if value >= 1 else "partly" if value >= PARTLY else "wrong"
    return Judgement(
        protocol=protocol.name, metric=metric, value=value, verdict="invalid" if verdict.invalid and value < 1 else word
    )


def _answers(
    name: str, by_control: dict[str, dict[str, Prediction]], judges: dict[tuple[str, str, str], list[Protocol]]
) -> Iterator[ItemAnswer]:
    for control, rows in by_control.items():
        if name in rows:
            row = rows[name]
            protocols = judges.get((row.kind, row.language, control), [])
            judgements = tuple(judge(row, protocol) for protocol in protocols if protocol.asks(row))
            yield ItemAnswer(control=control, row=row, judgements=judgements)


def _order(row: Prediction) -> str:
    return shuffle_key(row.id)


def _places(stores: Iterable[Store]) -> dict[str, tuple[Store, int]]:
    return {name: (store, index) for store in stores for index, name in enumerate(store.column("id"))}


def _with_pictures(item: Item, places: dict[str, tuple[Store, int]]) -> Item:
    place = places.get(item.asked.id) or places.get(item.asked.variant_of)
    if place is None:
        return item
    store, index = place
    images = store[index].images
    shown = [picture for image in images[:MAX_IMAGES] if (picture := _picture(image))]
    return Item(answers=item.answers, pictures=tuple(shown), num_more_pictures=len(images) - len(shown))


def _picture(image: Image) -> Picture | None:
    try:
        uri = data_uri(image, side_px=THUMBNAIL_PX, large_bytes=SMALL_BYTES)
    except (OSError, ValueError, SyntaxError):
        return None
    return Picture(uri=uri, width=image.width, height=image.height) if uri else None
