"""Display of DICOM frames: stored values to 8-bit grey or colour, in the order of PS3.3 and PS3.4 N.2."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from doctorsun.errors import ImageError
from doctorsun.image.dicom import sound_file
from doctorsun.image.dicom_header import numbers, word
from doctorsun.image.intensity import CT_WINDOWS, VoiFunction, Window, percentile_window, to_uint8

FUNCTIONS: dict[str, VoiFunction] = {"LINEAR": "LINEAR", "LINEAR_EXACT": "LINEAR_EXACT", "SIGMOID": "SIGMOID"}


def display_frame(
    values: NDArray[np.integer | np.floating], header: Dataset, window: Window | int | None = None
) -> tuple[NDArray[np.uint8], Window | None]:
    """Return what is shown of one frame.

    Args:
        values: stored values [rows, columns], or RGB [rows, columns, 3].
        header: what holds for this frame, as of `DicomFile.frame_header`.
        window: how grey values are shown: a window, the number of one of the frame's own, or None: its VOI table, else
            its first own window, else the soft tissue window for CT, else the 0.5 to 99.5 percentile.

    Returns:
        Grey [rows, columns] or RGB [rows, columns, 3]; and the window that was used, if any.

    Raises:
        ImageError: a window for a colour picture or of another unit, or tables that cannot be used.
    """
    with sound_file():
        photometric = word(header, "PhotometricInterpretation")
        if values.ndim > 2 or photometric == "PALETTE COLOR":  # noqa: PLR2004 (rows and columns alone are grey)
            if window is not None:
                expected = "grey values"
                raise ImageError("window", got="a colour picture", expected=expected, do="leave the window out")
            colour = _palette_colour(values, header) if photometric == "PALETTE COLOR" else _true_colour(values, header)
            return colour, None
        grey, used = _grey(values, header, window)
        if photometric == "MONOCHROME1":  # PS3.3 C.7.6.3.1.2: the least value is shown white, after any VOI LUT
            grey = 255 - grey
        if word(header, "PixelPresentation") in ("COLOR", "MIXED") and "RedPaletteColorLookupTableDescriptor" in header:
            return _supplemented(grey, values, header), used
        return grey, used


def own_windows(header: Dataset) -> list[Window]:
    """Return the windows that a frame brings along, in their order; those of an impossible width do not count."""
    function = FUNCTIONS.get(word(header, "VOILUTFunction").upper() or "LINEAR")
    if function is None:
        name = word(header, "VOILUTFunction")
        raise ImageError("VOI LUT function (0028,1056)", got=f"'{name}'", expected="one of " + ", ".join(FUNCTIONS))
    centers, widths = numbers(header, "WindowCenter"), numbers(header, "WindowWidth")
    least = 1 if function == "LINEAR" else 0  # PS3.3 C.11.2.1.2.1 and C.11.2.1.3
    pairs = zip(centers, widths, strict=False)
    return [Window(center, width, function) for center, width in pairs if width >= least and width > 0]


def in_hounsfield_units(header: Dataset) -> bool:
    """Return whether the modality values are Hounsfield units (PS3.3 C.8.2.1.1.2 and C.11.1.1.2)."""
    is_rescaled = "RescaleSlope" in header and "RescaleIntercept" in header
    return word(header, "Modality") == "CT" and is_rescaled and word(header, "RescaleType").upper() in ("", "HU")


def modality_values(values: NDArray[np.integer | np.floating], header: Dataset) -> NDArray[np.integer | np.floating]:
    """Return stored values in the unit of the modality (PS3.3 C.11.1); Hounsfield units for CT.

    Raises:
        ImageError: the table cannot be used.
    """
    with sound_file():
        if header.get("ModalityLUTSequence"):
            item = header.ModalityLUTSequence[0]
            return look_up(values, item.LUTDescriptor, _table(item, "LUTDescriptor", "LUTData", header))
        slope, intercept = numbers(header, "RescaleSlope"), numbers(header, "RescaleIntercept")
        if slope and intercept:
            return values * slope[0] + intercept[0]  # C.11.1.1.2: output units = m * SV + b
        return values


def look_up(
    values: NDArray[np.integer | np.floating], descriptor: tuple[int, int, int], table: NDArray[np.integer]
) -> NDArray[np.integer]:
    """Map values by a table: PS3.3 C.11.1.1.1, C.11.2.1.1 and C.7.6.3.1.5 alike.

    Values below the first that is mapped take the first entry, those beyond the last take the last. pydicom's own
    functions count entries in the type of the table, so that an index over 255 of an 8-bit table wraps around.
    """
    first = int(descriptor[1])
    return table[np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)]


def _grey(
    values: NDArray[np.integer | np.floating], header: Dataset, window: Window | int | None
) -> tuple[NDArray[np.uint8], Window | None]:
    modality = modality_values(values, header)
    if window is None and header.get("VOILUTSequence"):
        item = header.VOILUTSequence[0]
        table = _table(item, "LUTDescriptor", "LUTData", header)
        most = max(2 ** int(item.LUTDescriptor[2]) - 1, int(table.max()))  # C.11.2.1.1: bits of each entry
        return to_uint8(look_up(modality, item.LUTDescriptor, table) / most), None
    chosen = _chosen_window(window, header)
    if chosen is None and modality.dtype == np.uint8:
        return modality.astype(np.uint8), None
    chosen = chosen or percentile_window(modality[~_padding(values, header)])
    if values.dtype.kind == "f" and chosen.function == "LINEAR":
        # C.11.2.1.2.1 takes off 0.5 and 1 because integers stand for intervals; Float Pixel Data stand for themselves
        chosen = replace(chosen, function="LINEAR_EXACT")
    return chosen.apply(modality), chosen


def _chosen_window(window: Window | int | None, header: Dataset) -> Window | None:
    if isinstance(window, Window):
        if window.unit == "HU" and not in_hounsfield_units(header):
            got = f"values of modality '{word(header, 'Modality')}'"
            raise ImageError("window of computed tomography", got=got, expected="Hounsfield units", do="leave it out")
        return window
    own = own_windows(header)
    if window is not None and not 0 <= window < len(own):
        expected = f"0 to {len(own) - 1}" if own else "none, for the image has no window"
        raise ImageError("number of the window", got=str(window), expected=expected)
    if own:
        return own[window or 0]
    return CT_WINDOWS["soft_tissue"] if in_hounsfield_units(header) else None


def _padding(values: NDArray[np.integer | np.floating], header: Dataset) -> NDArray[np.bool_]:
    """Return where values stand for no measurement and must not count for contrast (PS3.3 C.7.5.1.1.2)."""
    kind = "Float" if values.dtype.kind == "f" else ""
    padding = numbers(header, f"{kind}PixelPaddingValue")
    if not padding:
        return np.zeros(values.shape, dtype=np.bool_)
    limit = numbers(header, f"{kind}PixelPaddingRangeLimit") or padding
    low, high = sorted((padding[0], limit[0]))
    mask = (values >= low) & (values <= high)
    return np.zeros_like(mask) if mask.all() else mask


def _true_colour(values: NDArray[np.integer | np.floating], header: Dataset) -> NDArray[np.uint8]:
    """Scale the channels from the bits that are stored to 8."""
    bits = int(header.BitsStored)
    return values.astype(np.uint8) if bits == 8 else to_uint8(values / (2**bits - 1))  # noqa: PLR2004 (bits of a byte)


def _palette_colour(values: NDArray[np.integer | np.floating], header: Dataset) -> NDArray[np.uint8]:
    """Map values to RGB by the three tables of the palette (PS3.3 C.7.6.3.1.5 and C.7.9)."""
    descriptor = header.RedPaletteColorLookupTableDescriptor
    if "SegmentedRedPaletteColorLookupTableData" in header:
        indices = np.arange(int(descriptor[0]) or 2**16) + int(descriptor[1])
        table = apply_color_lut(indices, header)
    else:
        names = [f"{colour}PaletteColorLookupTable" for colour in ("Red", "Green", "Blue")]
        table = np.stack([_table(header, f"{name}Descriptor", f"{name}Data", header) for name in names], axis=-1)
    eight_bits = table if table.max() <= 255 else table >> 8  # noqa: PLR2004 (8-bit colours are also kept in 16 bits)
    return look_up(values, descriptor, eight_bits).astype(np.uint8)


def _supplemented(
    grey: NDArray[np.uint8], values: NDArray[np.integer | np.floating], header: Dataset
) -> NDArray[np.uint8]:
    """Show the values from the first one of the palette on in colour (PS3.3 C.7.6.19)."""
    first = int(header.RedPaletteColorLookupTableDescriptor[1])
    colour = _palette_colour(values, header)
    return np.where((values >= first)[..., None], colour, grey[..., None])


def _table(item: Dataset, descriptor: str, data: str, header: Dataset) -> NDArray[np.integer]:
    """Return the entries of a table: 16-bit words, or bytes packed in pairs, or numbers."""
    num_entries = int(item[descriptor].value[0]) or 2**16  # PS3.3 C.11.1.1: 0 stands for 65536
    raw = item[data].value
    if isinstance(raw, bytes):
        is_big = header.original_encoding[1] is False
        entry = np.dtype("u1") if len(raw) < 2 * num_entries else np.dtype(">u2" if is_big else "<u2")
        table = np.frombuffer(raw, dtype=entry)
    else:
        table = np.atleast_1d(np.asarray(raw))
    if len(table) < num_entries:
        raise ImageError(
            "lookup table", got=f"{len(table)} entries", expected=str(num_entries), do="leave the file out"
        )
    return table[:num_entries].astype(np.int64)
