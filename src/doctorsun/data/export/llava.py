"""LLaVA: ``<split>.json`` of conversations with ``<image>`` marks, and a folder of images.

https://github.com/haotian-liu/LLaVA, docs/Finetune_Custom_Data.md.
"""

from contextlib import ExitStack
from pathlib import Path

from doctorsun.data.export.image_files import ImageFiles
from doctorsun.data.export.json_files import JsonArrays
from doctorsun.data.export.record import llava_row
from doctorsun.data.export.words import box_texts
from doctorsun.data.export.writer import split_name
from doctorsun.schema import Sample


class LlavaWriter:
    """Write samples as LLaVA's trainers read them."""

    def __init__(self, folder: Path, files: ExitStack) -> None:
        self._rows = JsonArrays(folder, files)
        self._images = ImageFiles(folder)

    def add(self, sample: Sample) -> None:
        """Write a sample.

        Raises:
            DataError: as of `SampleWriter`.
        """
        boxes = box_texts(sample.objects, sample.images)
        self._rows.add(split_name(sample), llava_row(sample, boxes, self._images.put(sample)))

    def finish(self) -> None:
        """End the files."""
        self._rows.finish()
