"""Reader of whole slides, cut into tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from doctorsun.config.section import Section
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.paths import PathPattern, filled
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table_rows import Join, Row
from doctorsun.errors import ImageError
from doctorsun.image.slide import Slide, Tile, open_slide
from doctorsun.schema import ImageFacts

NO_PICTURE = np.zeros((1, 1), dtype=np.uint8)


class Slides(Section):
    """Settings of the reader, and the reader."""

    kind: Literal["slides"]
    images: str
    """Pattern of the slides: any format of OpenSlide, or plain pictures of tissue; its named parts become fields."""
    join: Join | None = None
    """A table with a row for each slide, such as its label."""
    label: str = ""
    """A label that holds for the whole slide: a template of fields such as ``{label}``."""
    mpp: Annotated[float, Field(gt=0)] | None = 0.5
    """Micrometres per pixel of the tiles, about 0.5 for an objective of 20x; none: as each slide was scanned."""
    scanned_mpp: Annotated[float, Field(gt=0)] | None = None
    """Micrometres per pixel of the slides that do not tell theirs."""
    size_px: Annotated[int, Field(ge=16)] = 512
    """Width and height of the tiles."""
    num_tiles: Annotated[int, Field(ge=1)] = 8
    """How many tiles of a slide become pictures, as far apart as they can be."""
    least_tissue: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of a tile that must be tissue."""
    thumbnail: bool = False
    """Whether the whole slide becomes a picture, too, at most 1024 pixels wide and high."""

    def pending(self, root: Path) -> Iterator[tuple[str, Row] | Dropped]:
        """Yield the path below the root and the fields of every slide; one without its row is dropped."""
        table = self.join.table(root) if self.join else None
        for name, named in PathPattern(self.images).listed(root):
            fields = table.of_item(named) if table else named
            yield (name, fields) if fields is not None else Dropped(name, "no_row", "of a joined table")

    def read(self, pending: tuple[str, Row] | Dropped, root: Path) -> Sequence[Record] | Dropped:
        """Read the chosen tiles of one slide; dropped as ``no_tissue`` where none holds enough of it.

        Raises:
            MissingDependency: OpenSlide is not installed.
        """
        if isinstance(pending, Dropped):
            return pending
        name, fields = pending
        try:
            with open_slide(root / name) as slide:
                records = self._records(name, fields, slide)
        except ImageError as error:
            return Dropped(name, "image", error.text())
        return records or Dropped(name, "no_tissue", f"no tile has {self.least_tissue:.0%} of tissue")

    def _records(self, name: str, fields: Row, slide: Slide) -> list[Record]:
        """Return the tiles and, where it is asked for, the whole; none where no tile holds enough tissue."""
        if slide.mpp is None and self.scanned_mpp:
            slide = replace(slide, mpp=(self.scanned_mpp, self.scanned_mpp))
        # without a resolution of their own, tiles are cut by pixels of the finest level: as if each had 1 micrometre
        grid, mpp = (slide, self.mpp) if self.mpp else (replace(slide, mpp=(1.0, 1.0)), 1.0)
        tiles = spread(grid.tiles(mpp=mpp, size_px=self.size_px, least_tissue=self.least_tissue), self.num_tiles)
        labels = {filled(self.label, fields): True} if self.label else {}
        bare = Record(original_id=name, picture=NO_PICTURE, fields=fields | {"slide": name}, labels=labels)
        records = [_tile(bare, tile, grid.read(tile), tile.facts if self.mpp else _facts(slide, 1.0)) for tile in tiles]
        return [_thumbnail(bare, slide), *records] if self.thumbnail and records else records


def spread(tiles: Sequence[Tile], num: int) -> list[Tile]:
    """Return so many tiles, as far apart as they can be, in the order of the slide.

    The first is the one nearest to the middle of them all; each further one is the farthest from those chosen before.
    """
    if not tiles:
        return []
    places = np.array([(tile.x, tile.y) for tile in tiles], dtype=np.float64)
    distances = np.linalg.norm(places - places.mean(axis=0), axis=1)
    chosen = [int(distances.argmin())]
    nearest = np.linalg.norm(places - places[chosen[0]], axis=1)
    while len(chosen) < min(num, len(tiles)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
    return [tiles[index] for index in sorted(chosen)]


def _tile(bare: Record, tile: Tile, pixels: NDArray[np.uint8], facts: ImageFacts) -> Record:
    return replace(
        bare,
        original_id=f"{bare.original_id}/{tile.x}-{tile.y}",
        picture=pixels,
        acquisition=facts,
        fields={
            **bare.fields,
            "part": "tile",
            "level": str(tile.level),
            "x": str(tile.x),
            "y": str(tile.y),
            "mpp": _mpp(facts),
            "tissue": f"{tile.tissue:g}",
        },
    )


def _thumbnail(bare: Record, slide: Slide) -> Record:
    pixels = slide.thumbnail()
    facts = _facts(slide, max(slide.size) / max(pixels.shape[:2]))
    return replace(
        bare,
        original_id=f"{bare.original_id}/thumbnail",
        picture=pixels,
        acquisition=facts,
        fields={
            **bare.fields,
            "part": "thumbnail",
            "level": "",
            "x": "0",
            "y": "0",
            "mpp": _mpp(facts),
            "tissue": "",
        },
    )


def _facts(slide: Slide, downsample: float) -> ImageFacts:
    """Return the size of the pixels of a slide that is shown so many times smaller; nothing where it is not known."""
    if slide.mpp is None:
        return ImageFacts()
    return ImageFacts(spacing_mm=(slide.mpp[1] * downsample / 1000, slide.mpp[0] * downsample / 1000))


def _mpp(facts: ImageFacts) -> str:
    return f"{facts.spacing_mm[1] * 1000:g}" if facts.spacing_mm else ""
