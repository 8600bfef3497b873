"""The gallery: test images with the question, the truth and the model's answer, right and wrong ones."""

import base64
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.protocols import protocol_for
from doctorsun.eval.protocols.box_iou import boxes_in
from doctorsun.report.names import readable
from doctorsun.schema import Image, Prediction, Sample
from doctorsun.storage.store import Store, store_is_complete

NUM_JUDGED = 600
"""At most so many predictions are judged to choose from."""
PARTLY = 0.5
THUMBNAIL_PX = 384
LARGE_BYTES = 80_000
POINTING_MARKS = re.compile(r"</?(?:ref|box)>")
Box = tuple[float, float, float, float]
Verdict = Literal["right", "partly", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One image of the gallery with what was asked, what is true and what the model said."""

    prediction: Prediction
    sample: Sample
    verdict: Verdict

    @property
    def truth(self) -> str:
        """The right answer in words; for multiple choice the letters with their options."""
        return gold_text(self.prediction)

    @property
    def said(self) -> str:
        """The model's answer for the eye, without the marks that point out objects."""
        return POINTING_MARKS.sub("", self.prediction.output).strip()

    @property
    def image(self) -> Image | None:
        """The first image that the question is about."""
        return self.sample.images[0] if self.sample.images else None

    @property
    def true_boxes_px(self) -> list[Box]:
        """The true boxes on that image, where the question asks for a place."""
        return [box for gold in self.prediction.gold for box in boxes_in(gold)] if self._asks_for_boxes else []

    @property
    def said_boxes_px(self) -> list[Box]:
        """The boxes of the model's answer, where the question asks for a place."""
        return boxes_in(self.prediction.output) if self._asks_for_boxes else []

    @property
    def _asks_for_boxes(self) -> bool:
        return self.prediction.kind == "box"

    def as_dict(self) -> dict[str, Any]:
        """Return the exhibit as text, without its image."""
        prediction = self.prediction
        return {
            "id": prediction.id,
            "task": prediction.task,
            "language": prediction.language,
            "modality": prediction.modality,
            "kind": prediction.kind,
            "question_type": prediction.question_type,
            "question": prediction.question,
            "truth": self.truth,
            "answer": prediction.output,
            "verdict": self.verdict,
        }


def make_gallery(run: Path, elsewhere: Iterable[Path] = (), *, num: int = 12) -> list[Exhibit]:
    """Choose exhibits from the predictions with true images, by a fixed rule: variety, right and wrong in turn.

    Args:
        run: the folder.
        elsewhere: stores outside of it whose questions it may have asked.
        num: the most exhibits.

    Returns:
        At most ``num`` exhibits; none before an evaluation has ended.

    Raises:
        DataError: a predictions file cannot be read.
    """
    files = sorted((run / "eval").glob("*/predictions.parquet"))
    shown = [row for path in files for row in read_predictions(path) if row.image_control == "real"]
    places = _sample_places(run, elsewhere)
    known = sorted((row for row in shown if row.id in places and any(row.gold)), key=lambda row: shuffle_key(row.id))
    judged: list[tuple[Prediction, Verdict]] = [(row, judge(row)) for row in known[:NUM_JUDGED]]
    return [
        Exhibit(prediction=row, verdict=verdict, sample=places[row.id][0][places[row.id][1]])
        for row, verdict in choose_varied(judged, num)
    ]


def choose_varied(judged: Iterable[tuple[Prediction, Verdict]], num: int) -> list[tuple[Prediction, Verdict]]:
    """Choose right and other answers in turn, each time the one whose image, modality and language were shown least."""
    left = list(judged)
    chosen: list[tuple[Prediction, Verdict]] = []
    seen: Counter[str] = Counter()
    while left and len(chosen) < num:
        wants_right = len(chosen) % 2 == 0
        pool = [item for item in left if (item[1] == "right") == wants_right] or left
        best = min(pool, key=lambda item: [seen[trait] for trait in _traits(item[0])])
        left.remove(best)
        chosen.append(best)
        seen.update(_traits(best[0]))
    return chosen


def judge(prediction: Prediction) -> Verdict:
    """Return how right an answer is, by the first metric of its protocol: partly from one half on."""
    protocol = protocol_for(prediction.kind)
    value = protocol.judge(prediction).values[protocol.metrics[0]]
    if value >= 1:
        return "right"
    return "partly" if value >= PARTLY else "wrong"


def gold_text(prediction: Prediction) -> str:
    """Return the right answer in words: the first accepted one, all boxes, or the letters with their options."""
    if prediction.kind == "box":
        return "; ".join(_box_text(gold, prediction.language) for gold in prediction.gold)
    if prediction.kind in {"mcq", "mcq_multi"}:
        return "; ".join(_option(prediction.options, letter) for letter in prediction.gold)
    return prediction.gold[0] if prediction.gold else ""


def data_uri(image: Image, *, side_px: int = THUMBNAIL_PX, large_bytes: int = LARGE_BYTES) -> str:
    """Return an image as a ``data:`` address; empty where its bytes are not here.

    Args:
        image: of any size.
        side_px: the longer side of what is shown of a large one.
        large_bytes: an image of more bytes is made smaller.
    """
    if image.bytes is None:
        return ""
    data = image.bytes if len(image.bytes) <= large_bytes else _thumbnail(image.bytes, side_px)
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _thumbnail(data: bytes, side_px: int) -> bytes:
    from PIL import Image as Picture

    with Picture.open(io.BytesIO(data)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((side_px, side_px))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _box_text(gold: str, language: str) -> str:
    label, *numbers = gold.rsplit(maxsplit=4)
    return f"{readable(label, 'zh' if language == 'zh' else 'en')} [{', '.join(numbers)}]"


def _option(options: Sequence[str], letter: str) -> str:
    index = ord(letter[:1] or "A") - ord("A")
    return f"{letter}. {options[index]}" if 0 <= index < len(options) else letter


def _sample_places(run: Path, elsewhere: Iterable[Path]) -> dict[str, tuple[Store, int]]:
    held_out = [folder for folder in sorted((run / "stores").glob("*/*")) if folder.name != "train"]
    stores = [Store(folder) for folder in dict.fromkeys([*held_out, *elsewhere]) if store_is_complete(folder)]
    return {name: (store, index) for store in stores for index, name in enumerate(store.column("id"))}


def _traits(prediction: Prediction) -> tuple[str, ...]:
    """Return what the eye tells apart, the most telling first."""
    return (
        f"image {prediction.cluster}",
        f"modality {prediction.modality}",
        f"language {prediction.language}",
        f"kind {prediction.kind}",
        f"type {prediction.question_type}",
    )


def shuffle_key(name: str) -> str:
    """Return what to sort names by, so that their order is fixed and says nothing."""
    return hashlib.sha256(name.encode()).hexdigest()
