"""Worker processes: what they load before the first item, and how far they run ahead."""

import subprocess
import sys

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.workers import CHUNKS_AHEAD, MAX_CHUNKS_AHEAD, SIZE_AHEAD, MadeItem, chunks_ahead


@pytest.mark.parametrize(
    ("module", "libraries"),
    [
        ("doctorsun.data.workers", {"numpy", "pyarrow", "pydantic", "typer", "PIL", "pydicom"}),
        ("doctorsun.data.readers.llava", {"pyarrow", "typer", "pydicom", "scipy"}),
        ("doctorsun.data.collect", {"pydicom", "scipy"}),
        ("doctorsun.data.adapters.load", {"scipy", "SimpleITK", "openslide", "torch"}),
    ],
)
def test_no_library_is_loaded_that_is_not_needed(module: str, libraries: set[str]):
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not libraries & set(loaded.split())


def item(image: bytes | None, text: str) -> MadeItem:
    turns = [{"content": [{"type": "text", "text": text}]}]
    return MadeItem([{"images": [{"bytes": image}], "messages": turns}], b"")


@pytest.mark.parametrize("large", [item(b"x" * SIZE_AHEAD, ""), item(None, "x" * SIZE_AHEAD)])
def test_few_large_items_wait_and_many_small_ones(large: MadeItem):
    assert chunks_ahead([large], workers=2) == CHUNKS_AHEAD
    assert chunks_ahead([item(None, "words"), MadeItem(Dropped("a", "layout"), b"")], workers=2) == MAX_CHUNKS_AHEAD
    assert chunks_ahead([item(b"x" * (SIZE_AHEAD // 20), "")], workers=2) == 9
