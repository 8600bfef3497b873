"""The elements of a DICOM data set whose values can be decoded; damaged ones are told apart instead of raising."""

from collections.abc import Iterator

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

NUMBERS = {"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT", "US or SS", "US or OW", "US or SS or OW"}


def readable_elements(dataset: Dataset) -> Iterator[tuple[BaseTag, DataElement | None]]:
    """Yield the elements of one level, in order; None for one that cannot be decoded, and so cannot be judged."""
    for tag in sorted(dataset.keys()):
        yield tag, _readable(dataset, tag)


def _readable(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        element = dataset[tag]
        value = element.value
        if element.VR not in NUMBERS and not isinstance(value, bytes | Sequence):
            str(value)  # names and lists of values are decoded when they are asked for
    except Exception:  # noqa: BLE001 (pydicom raises errors of every type on malformed values)
        return None
    return element
