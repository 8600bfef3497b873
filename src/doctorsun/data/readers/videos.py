"""Reader of videos, such as endoscopies and ultrasound loops, as single frames."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.dicom_listing import evenly
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table_rows import Join, Row
from doctorsun.errors import ImageError
from doctorsun.image.video import VideoFrame, frame_times, frames_numbered
from doctorsun.schema import ImageFacts

NO_PICTURE = np.zeros((1, 1), dtype=np.uint8)
_ROUNDING_S = 1e-6  # times are sums of rounded fractions


class Videos(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["videos"]
    videos: str
    """Pattern of the video files, of any format of FFmpeg; its named parts become fields."""
    join: Join | None = None
    """A table with a row for each video, such as its patient or its label."""
    label: str = ""
    """A label that holds for all frames of a video: a template of fields such as ``{label}``."""
    at_s: tuple[float | str, ...] = ()
    """The times of the frames in seconds since the first one: numbers, or templates of fields such as ``{second}``; a
    field may hold several, apart by semicolons."""
    every_s: Annotated[float, Field(gt=0)] | None = None
    """Frames at this interval in seconds, from the first one on."""
    every_frames: Annotated[int, Field(ge=1)] | None = None
    """Frames at this interval in frames, from the first one on."""
    num_frames: Annotated[int, Field(ge=1)] = 8
    """How many frames of a video become pictures at most, at even distances; those of ``at_s`` all do."""

    @model_validator(mode="after")
    def _chooses_in_one_way(self) -> "Videos":
        if sum((bool(self.at_s), self.every_s is not None, self.every_frames is not None)) > 1:
            raise ValueError("frames are chosen either by at_s, by every_s or by every_frames")
        return self

    def pending(self, root: Path) -> Iterator[tuple[str, Row] | Dropped]:
        """Yield the path below the root and the fields of every video; one without its row is dropped."""
        table = self.join.table(root) if self.join else None
        for name, named in PathPattern(self.videos).listed(root):
            fields = table.of_item(named) if table else named
            yield (name, fields) if fields is not None else Dropped(name, "no_row", "of a joined table")

    def read(self, pending: tuple[str, Row] | Dropped, root: Path) -> Sequence[Record] | Dropped:
        """Read the chosen frames of one video; dropped as ``no_frame`` where it is over before a time.

        Raises:
            DataError: a template names an unknown field.
            MissingDependency: PyAV is not installed.
        """
        if isinstance(pending, Dropped):
            return pending
        name, fields = pending
        try:
            numbers = self._chosen(frame_times(root / name), fields)
            labels = {filled(self.label, fields): True} if self.label else {}
            bare = Record(original_id=name, picture=NO_PICTURE, fields=fields | {"video": name}, labels=labels)
            return [_of_frame(bare, frame) for frame in frames_numbered(root / name, numbers)]
        except ImageError as error:
            return Dropped(name, "image", error.text())
        except ValueError as error:
            return Dropped(name, "no_frame", str(error))

    def _chosen(self, times: Sequence[float], fields: Row) -> list[int]:
        """Return the numbers of the frames that become pictures.

        Raises:
            ValueError: a time is no number, or not of the video.
        """
        if self.at_s:
            asked = [text for each in self.at_s for text in filled(str(each), fields).split(";")]
            return [_shown_at(text, times) for text in asked]
        if self.every_s is not None:
            found = list(_at_intervals(times, self.every_s))
        else:
            found = list(range(0, len(times), self.every_frames or 1))
        return [found[index] for index in evenly(len(found), self.num_frames)]


def _shown_at(text: str, times: Sequence[float]) -> int:
    """Return the number of the frame that is on the screen at a time; the last one stays as long as the one before it.

    Raises:
        ValueError: the text is no number, or the video is over by then.
    """
    try:
        time = float(text)
    except ValueError:
        raise ValueError(f"'{text.strip()}' is no time in seconds") from None
    end = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0.0)
    if not 0 <= time <= end + _ROUNDING_S:
        raise ValueError(f"{time:g} s of a video of {end:g} s")
    return bisect_right(times, time + _ROUNDING_S) - 1


def _at_intervals(times: Sequence[float], interval: float) -> Iterator[int]:
    """Yield the number of the first frame and of the first one after each interval."""
    due = 0.0
    for number, time in enumerate(times):
        if time >= due - _ROUNDING_S:
            due = max(due + interval, time)
            yield number


def _of_frame(bare: Record, frame: VideoFrame) -> Record:
    """Return the record of a frame; its number stands in the physical facts, its time in the id and the fields."""
    return replace(
        bare,
        original_id=f"{bare.original_id}/frame-{frame.number}-{frame.seconds:.3f}s",
        picture=frame.pixels,
        acquisition=ImageFacts(slice=frame.number),
        fields={**bare.fields, "frame": str(frame.number), "seconds": f"{frame.seconds:g}"},
    )
