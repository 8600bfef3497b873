"""Samples of waveforms: kept only where the item beside them tells of as many bytes as there are."""

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

ALL = ("NumberOfWaveformChannels", "NumberOfWaveformSamples", "WaveformBitsAllocated")
COUNTS = {"WaveformData": ALL, "WaveformPaddingValue": ("WaveformBitsAllocated",)}
BITS = 8


def is_undescribed(item: Dataset, element: DataElement) -> bool:
    """Return whether an element holds samples of a waveform that its item does not describe: bytes of any kind.

    Args:
        item: the item that holds the element.
        element: one of its elements.
    """
    if element.keyword not in COUNTS or element.is_empty:
        return False
    bits = 1
    for keyword in COUNTS[element.keyword]:
        bits *= _count(item, keyword)
    length = bits // BITS
    return not length or not isinstance(element.value, bytes) or len(element.value) != length + length % 2


def _count(item: Dataset, keyword: str) -> int:
    """Return a number of an item; 0 where it is missing or damaged."""
    try:
        value = item.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises errors of every type on malformed values)
        return 0
    return value if isinstance(value, int) else 0
