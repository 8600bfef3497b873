"""Failures of the disk inside safetensors, told as what they are."""

import re
from collections.abc import Generator
from contextlib import contextmanager

from safetensors import SafetensorError


@contextmanager
def safetensors_as_os_errors() -> Generator[None]:
    """Turn the library's own error into the operating system's error that it tells of, for example a full disk.

    Raises:
        OSError: with the number that the library names in its text.
    """
    try:
        yield
    except SafetensorError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), str(error)) from error
