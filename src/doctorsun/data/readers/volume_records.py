"""Records of a volume: its chosen slices under each window, one by one and side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, sqrt

import numpy as np

from doctorsun.data.readers.marked_stack import MarkedStack
from doctorsun.data.readers.record import Record
from doctorsun.image.intensity import Window, ct_window, percentile_window
from doctorsun.image.volume import Plane, Shown, Volume, show_slice
from doctorsun.image.volume import montage as side_by_side

WindowName = str | tuple[float, float]
"""The name of a CT window, or centre and width."""


def records_of_volume(
    bare: Record,
    volume: Volume,
    stack: MarkedStack,
    chosen: Sequence[int],
    windows: Sequence[WindowName],
    *,
    montage: bool,
) -> list[Record]:
    """Return the records of the chosen slices.

    Args:
        bare: id, fields and plane of the image; the id is made longer by what is shown.
        volume: the image.
        stack: what is marked on its slices.
        chosen: the slices.
        windows: each gives records of its own; none: the one of the chosen slices' own values.
        montage: whether the slices side by side become a record, too.

    Raises:
        ImageError: a slice cannot be read, or there is no such window.
    """
    plane: Plane | None = bare.plane or None  # pyright: ignore[reportAssignmentType]
    records: list[Record] = []
    for name, window in _windows(volume, plane, chosen, windows):
        fields = {**bare.fields, "window": name, "plane": bare.plane}
        ending = f"/{name}" if len(windows) > 1 else ""
        shown = [show_slice(volume, plane, index, window) for index in chosen]
        for index, picture in zip(chosen, shown, strict=True):
            records.append(
                replace(
                    bare,
                    original_id=f"{bare.original_id}/{bare.plane or 'slice'}-{index}{ending}",
                    picture=picture.pixels,
                    acquisition=picture.facts,
                    fields={**fields, "slice": str(index)},
                    labels=stack.labels_on([index]),
                    marks=stack.marks_on(index),
                )
            )
        if montage and len(chosen) > 1:
            records.append(_montage(replace(bare, fields=fields), shown, stack, chosen, ending))
    return records


def named_window(window: WindowName) -> tuple[str, Window]:
    """Return a window with its name: of the CT windows, or centre and width such as ``50-400``.

    Raises:
        ImageError: there is no CT window of this name.
    """
    if isinstance(window, str):
        return window, ct_window(window)
    return f"{window[0]:g}-{window[1]:g}", Window(*window)


def _windows(
    volume: Volume, plane: Plane | None, chosen: Sequence[int], windows: Sequence[WindowName]
) -> Iterator[tuple[str, Window]]:
    yield from map(named_window, windows)
    if not windows and chosen:
        values = np.concatenate([np.ravel(volume.slice_values(plane, index)) for index in chosen])
        yield "", percentile_window(values)


def _montage(bare: Record, shown: Sequence[Shown], stack: MarkedStack, chosen: Sequence[int], ending: str) -> Record:
    whole = side_by_side(shown, ceil(sqrt(len(shown))))
    return replace(
        bare,
        original_id=f"{bare.original_id}/montage{ending}",
        picture=whole.pixels,
        acquisition=whole.facts,
        labels=stack.labels_on(chosen),
    )
