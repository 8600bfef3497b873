import errno

import pytest
from safetensors import SafetensorError

from doctorsun.weights.disk import safetensors_as_os_errors


def test_the_number_of_the_systems_error_is_kept() -> None:
    with pytest.raises(OSError, match="I/O error") as error, safetensors_as_os_errors():
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert error.value.errno == errno.ENOSPC


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(SafetensorError, match="header too large"), safetensors_as_os_errors():
        raise SafetensorError("header too large")
