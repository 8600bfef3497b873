"""OpenAI messages: ``<split>.jsonl`` of turns with typed parts, and a folder of images.

https://platform.openai.com/docs/guides/images: a part is ``{"type": "text", "text": ...}`` or ``{"type": "image_url",
"image_url": {"url": ...}}``. Paths of images start from the folder. ms-swift reads the files as they are.
"""

from contextlib import ExitStack
from pathlib import Path

from doctorsun.data.export.image_files import ImageFiles
from doctorsun.data.export.json_files import JsonLines
from doctorsun.data.export.record import with_record
from doctorsun.data.export.words import box_texts, typed_turns
from doctorsun.data.export.writer import split_name
from doctorsun.schema import Sample


class MessagesWriter:
    """Write samples as messages."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._rows = JsonLines(folder, files)
        self._images = ImageFiles(folder)

    def add(self, sample: Sample) -> None:
        """Write a sample.

        Raises:
            DataError: as of `SampleWriter`.
        """
        boxes = box_texts(sample.objects, sample.images)
        images = [{"type": "image_url", "image_url": {"url": path}} for path in self._images.put(sample)]
        row = {"id": sample.id, "messages": typed_turns(sample.messages, boxes, images)}
        self._rows.add(split_name(sample), with_record(row, sample, boxes))

    def finish(self) -> None:
        """Nothing stands at the end of the files."""
