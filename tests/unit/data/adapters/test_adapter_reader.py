from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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


class Slices(ClassFolders):
    """A reader that finds as many slices in every item as its name tells."""

    def read(self, pending: Any, *_: Any) -> Sequence[Record] | Dropped:
        return [
            Record(
                original_id=f"{pending}:{number}", picture=np.full((8, 8), number, np.uint8), labels={"drusen": True}
            )
            for number in range(int(pending[-1]))
        ]


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


def test_slices_of_one_item_are_one_study_where_the_page_tells_none(tmp_path: Path) -> None:
    reader = Slices(kind="class_folders", images="{label}/{name}.png")
    page = load_adapter("octmnist").model_copy(update={"reader": reader, "split": "train"})
    made = [AdapterReader(page, tmp_path).make(name) for name in ("volume 3", "volume b2", "picture 1")]
    studies = [{sample.groups.study for sample in samples} for samples in made if not isinstance(samples, Dropped)]
    assert studies == [{"volume 3"}, {"volume b2"}, {""}]
