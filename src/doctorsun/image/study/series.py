"""A series of a study: what is told of it, and where its slices lie."""

import re
from dataclasses import dataclass, field

from doctorsun.errors import ImageError
from doctorsun.image.intensity import Window, ct_window
from doctorsun.image.study.kinds import Kind
from doctorsun.image.volume import Plane

PRESETS = ("lung", "bone", "brain", "soft_tissue")
"""Windows of `CT_WINDOWS` that are offered for values in Hounsfield units."""
OWN, FULL = "file", "full"
"""What a file is shown with unless told otherwise, and the window that shows all its values but the outermost."""

Fact = str | int | float | bool | list[int] | list[float]

_OWN_BY_NUMBER = re.compile(rf"{OWN}_([1-9][0-9]?)", re.ASCII)
_NUMBERS = re.compile(r"(-?\d{1,9}(?:\.\d{1,6})?),(\d{1,9}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedWindow:
    """A window that is offered.

    Attributes:
        explanation: what the file calls it, where that is a word of the technique.
    """

    name: str
    center: float
    width: float
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where slices lie: one a file, or all in one file.

    Attributes:
        files: names in the folder of the study, in the order of the slices.
        plane: of slices cut out of a volume.
    """

    files: tuple[str, ...]
    plane: Plane | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series.

    Attributes:
        kind: dicom, nifti, nrrd, metaimage or picture.
        modality: DICOM's code; empty where the file does not tell it.
        width: of the default slice, in pixels.
        plane: axial, coronal, sagittal, oblique or frontal; empty where it is not known.
        orientation: patient direction of rows then columns; empty where it is not known.
        spacing_mm: (row, column) distance of pixels; None where it is not known.
        default_slice: the middle one, counted from 0.
        windows: what can be chosen; none for colour and ordinary pictures.
        default_window: a name of ``windows``; None where there are none.
        facts: what else the file tells, without anything that could name a person.
        warnings: codes of what a reader has to know.
        member: of the archive, the one that holds the whole series, counted from 0 in the order of their names; None
            where several do.
        source: where the slices lie; no client sees it.
    """

    kind: Kind
    modality: str = ""
    num_slices: int = 1
    width: int
    height: int
    plane: str = ""
    orientation: str = ""
    spacing_mm: tuple[float, float] | None = None
    default_slice: int = 0
    windows: tuple[NamedWindow, ...] = ()
    default_window: str | None = None
    facts: dict[str, Fact] = field(default_factory=dict[str, Fact])
    warnings: tuple[str, ...] = ()
    member: int | None = None
    source: Source

    def require_slice(self, index: int) -> None:
        """Require that there is such a slice.

        Raises:
            ImageError: there is not.
        """
        if not 0 <= index < self.num_slices:
            raise ImageError("slice", got=str(index), expected=f"0 to {self.num_slices - 1}")

    def window(self, name: str) -> Window | int | None:
        """Return a window by its name, or by its numbers ``CENTER,WIDTH``.

        A number is that of a window in the file, counted from 0; None leaves it to the file.

        Args:
            name: empty for the default.

        Raises:
            ImageError: nothing of this name is offered.
        """
        name = name or self.default_window or OWN
        found = next((window for window in self.windows if window.name == name), None)
        if name == OWN and (found or not self.windows):
            return None
        own = _OWN_BY_NUMBER.fullmatch(name)
        if own and found:
            return int(own[1]) - 1
        if name in PRESETS and found:
            return ct_window(name)
        if found:
            return Window(found.center, found.width, "LINEAR_EXACT")
        numbers = _NUMBERS.fullmatch(name)
        if numbers and self.windows and float(numbers[2]) > 0:
            return Window(float(numbers[1]), float(numbers[2]), "LINEAR" if float(numbers[2]) >= 1 else "LINEAR_EXACT")
        offered = ", ".join(window.name for window in self.windows)
        expected = f"CENTER,WIDTH or one of {offered}" if offered else "none, for this picture has no grey values"
        raise ImageError("window", got=repr(name[:40]), expected=expected)


def presets() -> tuple[NamedWindow, ...]:
    """Return the windows for Hounsfield units."""
    return tuple(NamedWindow(name, ct_window(name).center, ct_window(name).width) for name in PRESETS)
