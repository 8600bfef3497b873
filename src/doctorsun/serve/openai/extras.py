"""What an answer holds beside the fields of the OpenAI chat API: boxes in pixels, and how sure the model is."""

from dataclasses import asdict, dataclass
from typing import Any

from doctorsun.image.raster import image_record
from doctorsun.processor.boxes import find_boxes
from doctorsun.processor.image_processor import ImageProcessor
from doctorsun.serve.abstention import Confidence
from doctorsun.serve.engine import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """The extras of one answer.

    Attributes:
        question: what was asked.
        images: how pictures lie in the model's square; None where that is not known.
        confidence: in the choice between the question's options; None where it offers none.
    """

    question: Question
    images: ImageProcessor | None
    confidence: Confidence | None

    def of(self, text: str) -> dict[str, Any]:
        """Return the extras of an answer of this text."""
        objects = self._objects(text)
        found: dict[str, Any] = {"objects": objects} if objects else {}
        if self.confidence:
            found["confidence"] = {**asdict(self.confidence), "abstained": self.confidence.abstained}
        return found

    def _objects(self, text: str) -> list[dict[str, Any]]:
        if self.images is None or not self.question.images or "<box>" not in text:
            return []
        number = self._image_that_is_meant()
        shown = image_record(self.question.images[number])
        frame = self.images.frame(shown.width, shown.height)
        boxes = find_boxes(text, frame, shown.width, shown.height)
        return [{"label": box.label, "box_px": list(box.box_px), "image": number} for box in boxes]

    def _image_that_is_meant(self) -> int:
        """Return the first image of the last turn that shows one."""
        counts = [message.num_images for message in self.question.messages]
        last = max(turn for turn, count in enumerate(counts) if count)
        return sum(counts[:last])
