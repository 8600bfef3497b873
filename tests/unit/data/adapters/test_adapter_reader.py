from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.readers.class_folders import ClassFolders
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record


class Empty(ClassFolders):
    """A reader that finds nothing in any item."""

    def read(self, *_: Any) -> Sequence[Record] | Dropped:
        return []


@dataclass(frozen=True)
class Case:
    """What a reader may list: an item by its name."""

    name: str


@pytest.mark.parametrize(
    ("pending", "name"),
    [
        (("a.png", {}), "a.png"),
        (Case("case 7"), "case 7"),
        ((Case("case 8"), 1), "case 8"),
        ("plain", "plain"),
        ((), "()"),
    ],
)
def test_an_item_of_which_a_reader_makes_nothing_is_dropped_by_its_name(tmp_path: Path, pending: Any, name: str):
    empty = Empty(kind="class_folders", images="{label}/{name}.png")
    reader = AdapterReader(load_adapter("breakhis").model_copy(update={"reader": empty}), tmp_path)
    assert reader.make(pending) == Dropped(name, "no_record", "the reader class_folders found none")
