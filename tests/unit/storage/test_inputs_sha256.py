"""The fingerprint of inputs: equal for equal ones in every process, another when anything listed changes."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from doctorsun.storage.inputs import digest_of, extended, inputs_sha256_of


@dataclass(frozen=True)
class Listed:
    name: str
    row: dict[str, Any]


@pytest.mark.parametrize(
    ("listed", "other"),
    [
        ("a.png", "b.png"),
        (Listed("a", {"question": "是什么?"}), Listed("a", {"question": "是什么？"})),
        (("a", {"label": 1}), ("a", {"label": "1"})),
        ({"bytes": b"\x89PNG"}, {"bytes": b"\xff\xd8"}),
        (Path("data/a.tar"), Path("data/b.tar")),
        ({"when": date(2024, 1, 2)}, {"when": date(2024, 2, 1)}),
        ({"sizes": np.array([1, 2])}, {"sizes": np.array([2, 1])}),
        (frozenset({"nodule", "cyst"}), frozenset({"nodule"})),
        ({"text": "half of a pair \ud83d"}, {"text": "half of a pair \ud83e"}),
    ],
)
def test_whatever_a_reader_lists_has_a_hash_of_its_content(listed: Any, other: Any):
    assert digest_of(listed) != digest_of(other)


def test_the_folder_of_a_path_does_not_count():
    assert digest_of(Path("/disk1/set/a.tar")) == digest_of(Path("set/a.tar"))


def test_every_process_gives_the_same_hash():
    script = "from doctorsun.storage.inputs import digest_of; print(digest_of({'labels': set('abcdefgh')}).hex())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.strip() == digest_of({"labels": set("hgfedcba")}).hex()


def test_order_and_number_of_items_count():
    assert inputs_sha256_of([]) == ""
    assert inputs_sha256_of("ab") != inputs_sha256_of("ba")
    assert inputs_sha256_of("ab") == extended(inputs_sha256_of("a"), digest_of("b"))
    assert inputs_sha256_of("ab") != inputs_sha256_of("a")
