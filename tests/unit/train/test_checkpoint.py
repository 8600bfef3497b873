from pathlib import Path

import pytest

from doctorsun.errors import WeightsError
from doctorsun.storage.atomic import unfinished_path
from doctorsun.train.checkpoint import Checkpoint, checkpoint_folder, find_checkpoint, open_checkpoint, save_checkpoint
from doctorsun.train.checkpoint_tensors import checkpoint_tensors
from small_training import trained

FACTS = {"wall_s": 1.5, "health": {"名": [1, "两"]}}
FILES = ["weights/model.safetensors", "optimizer/model.safetensors", "state.json", "SHA256SUMS"]


def save(root: Path, step: int, *, best_step: int | None = None) -> Path:
    checkpoint = Checkpoint(checkpoint_folder(root, step), step, "plan", FACTS)
    save_checkpoint(root, checkpoint, checkpoint_tensors(*trained(1)), best_step=best_step)
    return checkpoint.folder


def saved_steps(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_checkpoint_knows_where_it_stands(tmp_path: Path) -> None:
    folder = save(tmp_path, 3)
    assert find_checkpoint(tmp_path, "plan") == (Checkpoint(tmp_path / "step-3", 3, "plan", FACTS), [])
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == sorted(FILES)


def test_the_newest_two_are_kept_by_number(tmp_path: Path) -> None:
    for step in (8, 9, 10, 11):
        save(tmp_path, step)
    assert saved_steps(tmp_path) == ["step-10", "step-11"]


def test_the_best_is_kept_beside_the_newest_two(tmp_path: Path) -> None:
    for step, best_step in ((1, 1), (2, 2), (3, 2), (4, 2), (5, 2)):
        save(tmp_path, step, best_step=best_step)
    assert saved_steps(tmp_path) == ["step-2", "step-4", "step-5"]
    save(tmp_path, 6, best_step=6)
    assert saved_steps(tmp_path) == ["step-5", "step-6"]


def test_no_checkpoint_is_no_error(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path / "none", "plan") == (None, [])


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_checkpoint_is_passed_over_by_name(tmp_path: Path, name: str, damage: str) -> None:
    save(tmp_path, 2)
    path = save(tmp_path, 4) / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else content[:-9] + b"!" + content[-8:])
    checkpoint, skipped = find_checkpoint(tmp_path, "plan")
    assert checkpoint is not None
    assert checkpoint.step == 2
    assert len(skipped) == 1
    assert skipped[0].startswith(f"{tmp_path / 'step-4'}: got ")


@pytest.mark.parametrize(
    ("name", "content", "got"),
    [
        ("SHA256SUMS", "", "SHA256SUMS with another content"),
        ("state.json", '{"step": 4}', "KeyError: 'fingerprint'"),
        ("state.json", "[]", "TypeError: "),
        ("weights/model.safetensors", "", "weights/model.safetensors with another content"),
    ],
)
def test_damage_is_told_as_what_it_is(tmp_path: Path, name: str, content: str, got: str) -> None:
    folder = save(tmp_path, 4)
    (folder / name).write_text(content)
    with pytest.raises(WeightsError, match=rf"step-4: got {got}.*, expected the files of its SHA256SUMS"):
        open_checkpoint(folder)


def test_a_damaged_checkpoint_is_written_again(tmp_path: Path) -> None:
    (save(tmp_path, 4) / "state.json").unlink()
    save(tmp_path, 4)
    assert open_checkpoint(tmp_path / "step-4").step == 4


def test_what_a_kill_left_unfinished_is_no_checkpoint(tmp_path: Path) -> None:
    unfinished_path(tmp_path / "step-4").mkdir()
    (tmp_path / "step-notes").mkdir()
    assert find_checkpoint(tmp_path, "plan") == (None, [])
    save(tmp_path, 4)
    assert open_checkpoint(tmp_path / "step-4").step == 4
    assert saved_steps(tmp_path) == ["step-4", "step-notes"]


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    save(tmp_path, 4)
    expected = r"step-4: got a checkpoint of the data plan plan, expected other; use another --out, or remove the stage"
    with pytest.raises(WeightsError, match=expected):
        find_checkpoint(tmp_path, "other")
