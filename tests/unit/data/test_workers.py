"""What a worker process has to load before its first item."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "libraries"),
    [
        ("doctorsun.data.workers", {"numpy", "pyarrow", "pydantic", "typer", "PIL", "pydicom"}),
        ("doctorsun.data.readers.llava", {"pyarrow", "typer", "pydicom", "scipy"}),
        ("doctorsun.data.collect", {"pydicom", "scipy"}),
    ],
)
def test_no_library_is_loaded_that_is_not_needed(module: str, libraries: set[str]):
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not libraries & set(loaded.split())
