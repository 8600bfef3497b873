"""Opening volumes of any format, told by their content."""

from pathlib import Path

from doctorsun.image.dicom_series import open_series
from doctorsun.image.file import naming
from doctorsun.image.itk import HEADER_BYTES, is_itk_file, open_itk
from doctorsun.image.nifti import open_nifti
from doctorsun.image.volume import Volume


def open_volume(path: Path, channel: int | None = None) -> Volume:
    """Open a NIfTI, NRRD or MetaImage file, or the folder of one DICOM series.

    Args:
        path: the file or the folder.
        channel: which one of a file of several volumes, counted from 0.

    Raises:
        ImageError: it cannot be read as a volume; the message begins with the path.
        MissingDependency: the library of its format is not installed.
    """
    with naming(path):
        if path.is_dir():
            return open_series(sorted(each for each in path.iterdir() if each.is_file()))
        with path.open("rb") as file:
            beginning = file.read(HEADER_BYTES)
        return open_itk(path, channel) if is_itk_file(beginning) else open_nifti(path, channel)
