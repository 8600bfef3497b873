"""LoRA changes whose alpha nobody says: they are described, and the alpha is asked for with all else that is needed."""

from pathlib import Path

import pytest

from checkpoints.peft import adapter_tensors, write_adapter
from checkpoints.xtuner import XtunerTraining, write_iteration
from doctorsun.errors import WeightsError
from doctorsun.weights.assumed_alpha import read_assuming
from doctorsun.weights.inspect import inspect
from doctorsun.weights.parts import ReadOptions

BOTH = XtunerTraining(tower="lora", language="lora")
ALPHAS = ("--lora-alpha vision=N", "--lora-alpha language=N")
PARTS = ("--vision FOLDER", "--language FOLDER")


@pytest.fixture
def changes(tmp_path: Path) -> Path:
    write_iteration(tmp_path / "iter_11.pth", BOTH, with_config=False)
    return tmp_path / "iter_11.pth"


def test_everything_that_changes_need_is_asked_for_at_once(changes: Path) -> None:
    facts = inspect(changes)
    assert facts["loads"]["how"] == "import"
    assert facts["loads"]["options"] == (*ALPHAS, *PARTS)
    assert facts["loads"]["why"].startswith("no vision tower and language model; ")
    assert set(facts["adapters"]) == {"vision", "language"}


def test_what_is_said_is_not_asked_for(changes: Path) -> None:
    one = ReadOptions(lora_alpha={"vision": 6.0})
    assert inspect(changes, one)["loads"]["options"] == (ALPHAS[1], *PARTS)
    two = ReadOptions(lora_alpha={"vision": 6.0, "language": 16.0})
    assert inspect(changes, two)["loads"]["options"] == PARTS
    published, asked = read_assuming(changes, one)
    assert len(asked) == 1
    assert {adapter.part: next(iter(adapter.pairs.values())).scale for adapter in published.adapters}["vision"] == 1.5


def test_changes_alone_are_merged_with_their_alpha(tmp_path: Path) -> None:
    write_adapter(tmp_path, adapter_tensors(BOTH.language_changes), {"r": 5})
    (tmp_path / "adapter_config.json").unlink()
    loads = inspect(tmp_path)["loads"]
    assert (loads["how"], loads["options"]) == ("merge", ("--lora-alpha N",))


def test_another_fault_stays(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file or folder"):
        read_assuming(tmp_path / "none", ReadOptions())
