"""Whole slides: their resolution, where tissue lies on them, and tiles of one physical size."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from doctorsun.errors import ImageError
from doctorsun.image.file import naming, read_bytes
from doctorsun.image.libraries import optional_library
from doctorsun.image.raster import MAX_PIXELS, decode
from doctorsun.image.tissue import tissue_mask
from doctorsun.schema import ImageFacts

FINER_THAN_SCANNED = 0.9  # scanners that are said to scan at 0.25 micrometres reach 0.2325 to 0.2767
THUMBNAIL_PX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A square of a slide; plain numbers that name it for good.

    Attributes:
        level: of the pyramid, from which it is read; 0 is the finest.
        x: left edge in pixels of level 0.
        y: upper edge in pixels of level 0.
        size_px: width and height once it is read.
        mpp: micrometres per pixel once it is read.
        tissue: share of it that is tissue, 0 to 1.
    """

    level: int
    x: int
    y: int
    size_px: int
    mpp: float
    tissue: float

    @property
    def facts(self) -> ImageFacts:
        """The size of its pixels; on a slide, patients have no sides."""
        return ImageFacts(spacing_mm=(self.mpp / 1000, self.mpp / 1000))


@dataclass(frozen=True)
class Slide:
    """An open slide.

    Attributes:
        handle: of OpenSlide.
        size: width and height of level 0 in pixels.
        mpp: micrometres per pixel of level 0 along x and y; None where neither the file nor the caller tells it.
        objective: magnification of the objective; None where it is not known.
        vendor: format of the file, as OpenSlide names it; empty for plain pictures.
    """

    handle: Any
    size: tuple[int, int]
    mpp: tuple[float, float] | None
    objective: float | None
    vendor: str

    def thumbnail(self, longest_px: int = THUMBNAIL_PX) -> NDArray[np.uint8]:
        """Return the whole slide [height, width, 3], small.

        Raises:
            ImageError: the slide is damaged.
        """
        level = self.handle.get_best_level_for_downsample(max(self.size) / longest_px)
        whole = self._region(0, 0, level, self.handle.level_dimensions[level])
        whole.thumbnail((longest_px, longest_px), PIL.Image.Resampling.BOX)
        return np.asarray(whole)

    def tiles(self, *, mpp: float, size_px: int, least_tissue: float = 0.5) -> list[Tile]:
        """Return the tiles of a grid without gaps that hold enough tissue, row by row.

        Args:
            mpp: micrometres per pixel of the tiles.
            size_px: their width and height in pixels.
            least_tissue: the share of a tile that must be tissue.

        Raises:
            ImageError: the resolution of the slide is not known or too coarse, or the slide is damaged.
        """
        step_x, step_y = self._step(mpp, size_px)
        level = self.handle.get_best_level_for_downsample(step_x / size_px)
        mask = tissue_mask(self.thumbnail())
        found: list[Tile] = []
        for row in range(math.floor(self.size[1] / step_y)):
            for column in range(math.floor(self.size[0] / step_x)):
                x, y = round(column * step_x), round(row * step_y)
                tissue = self._tissue_share(mask, (x, y, x + step_x, y + step_y))
                if tissue >= least_tissue:
                    found.append(Tile(level=level, x=x, y=y, size_px=size_px, mpp=mpp, tissue=round(tissue, 4)))
        return found

    def read(self, tile: Tile) -> NDArray[np.uint8]:
        """Return the pixels of a tile [size_px, size_px, 3]; parts that were not scanned are white.

        Raises:
            ImageError: the slide is damaged, or its pyramid has no level near the resolution of the tile.
        """
        step_x, step_y = self._step(tile.mpp, tile.size_px)
        downsample = self.handle.level_downsamples[tile.level]
        size = max(1, round(step_x / downsample)), max(1, round(step_y / downsample))
        region = self._region(tile.x, tile.y, tile.level, size)
        if region.size != (tile.size_px, tile.size_px):
            region = region.resize((tile.size_px, tile.size_px), PIL.Image.Resampling.LANCZOS, reducing_gap=3)
        return np.asarray(region)

    def _step(self, mpp: float, size_px: int) -> tuple[float, float]:
        """Return the width and height of a tile in pixels of level 0."""
        if mpp <= 0 or size_px < 1:
            raise ImageError("tiles", got=f"{size_px} pixels of {mpp:g} micrometres", expected="both above 0")
        if self.mpp is None:
            expected = "micrometres per pixel"
            do = "name them: about 0.5 for an objective of 20x, 0.25 for 40x"
            raise ImageError("resolution of the slide", got="none in the file", expected=expected, do=do)
        if mpp < FINER_THAN_SCANNED * max(self.mpp):
            got = f"{max(self.mpp):g} micrometres per pixel"
            do = "ask for coarser tiles, or leave the slide out"
            raise ImageError("resolution of the slide", got=got, expected=f"{mpp:g} or finer", do=do)
        return size_px * mpp / self.mpp[0], size_px * mpp / self.mpp[1]

    def _tissue_share(self, mask: NDArray[np.bool_], box: tuple[float, float, float, float]) -> float:
        """Return the share of a box in pixels of level 0 that a mask of the whole slide covers."""
        scale_x, scale_y = mask.shape[1] / self.size[0], mask.shape[0] / self.size[1]
        left, top = math.floor(box[0] * scale_x), math.floor(box[1] * scale_y)
        right, bottom = max(left + 1, round(box[2] * scale_x)), max(top + 1, round(box[3] * scale_y))
        return float(mask[top:bottom, left:right].mean())

    def _region(self, x: int, y: int, level: int, size: tuple[int, int]) -> PIL.Image.Image:
        if size[0] * size[1] > MAX_PIXELS:
            got, do = f"{size[0]} x {size[1]} pixels", "ask for finer or smaller tiles"
            raise ImageError("region of the slide", got=got, expected=f"at most {MAX_PIXELS} pixels", do=do)
        try:
            region = self.handle.read_region((x, y), level, size)
        except Exception as error:  # OpenSlide's own, and those of the decoders of plain pictures
            raise _damaged(error) from error
        white = PIL.Image.new("RGBA", region.size, "white")
        return PIL.Image.alpha_composite(white, region.convert("RGBA")).convert("RGB")


@contextmanager
def open_slide(path: Path, *, mpp: float | None = None) -> Generator[Slide]:
    """Open a slide of any format of OpenSlide, or a plain picture of tissue.

    Args:
        path: the file.
        mpp: micrometres per pixel where the file does not tell them; it must not tell others.

    Raises:
        ImageError: no slide, damaged, or of another resolution than the one named; the message begins with the path.
        MissingDependency: OpenSlide is not installed.
    """
    openslide = optional_library("openslide", needed_for="whole slides", extra="slides")
    with naming(path):
        handle = _handle(path, openslide)
        try:
            yield _described(handle, mpp)
        finally:
            handle.close()


def _handle(path: Path, openslide: Any) -> Any:
    with path.open("rb"):  # its error says more than OpenSlide's
        pass
    try:
        if openslide.OpenSlide.detect_format(str(path)) is not None:
            return openslide.OpenSlide(str(path))
    except openslide.OpenSlideError as error:
        raise _damaged(error) from error
    return openslide.ImageSlide(decode(read_bytes(path)))


def _described(handle: Any, mpp: float | None) -> Slide:
    told = [_number(handle.properties.get(f"openslide.mpp-{axis}")) for axis in "xy"]
    own = (told[0], told[1]) if told[0] and told[1] else None
    if own and mpp and not math.isclose(mpp, max(own), rel_tol=1 - FINER_THAN_SCANNED):
        got, expected = f"{max(own):g} micrometres per pixel", f"{mpp:g} as named"
        raise ImageError("resolution of the slide", got=got, expected=expected, do="leave it to the file")
    return Slide(
        handle=handle,
        size=handle.dimensions,
        mpp=own or ((mpp, mpp) if mpp else None),
        objective=_number(handle.properties.get("openslide.objective-power")),
        vendor=handle.properties.get("openslide.vendor", ""),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _damaged(error: Exception) -> ImageError:
    return ImageError("the slide is damaged", got=str(error), do="copy the file again or leave it out")
