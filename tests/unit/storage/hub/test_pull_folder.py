import json
from pathlib import Path

import pytest

from doctorsun.errors import DataError, MachineError
from doctorsun.storage.hub.kinds import WEIGHTS
from doctorsun.storage.hub.pull import PullRules
from doctorsun.storage.hub.pull_folder import pull_to
from doctorsun.storage.only_writer import only_writer
from hubs.both import FILES, TAKEN, World, files_below
from hubs.loopback import Fault


def pull(world: World, rest: str = "", **options: object) -> Path:
    out = world.folder / "folder" / "out"
    pull_to(out, world.address(rest), WEIGHTS, world.client(), world.lock, rules=PullRules(), **options)
    return out


def test_the_folder_holds_the_files_and_nothing_of_the_client(world: World):
    out = pull(world)
    assert files_below(out) == {path: FILES[path] for path in TAKEN}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_a_folder_or_a_file_of_a_repository_stands_alone(world: World):
    assert files_below(pull(world, "/sub")) == {"tokenizer.model": b"pieces"}
    (world.folder / "folder" / "out").rename(world.folder / "other")
    assert pull(world, "/config.json").read_bytes() == FILES["config.json"]
    assert [path.name for path in (world.folder / "folder").iterdir()] == ["out"]


def test_nothing_is_written_over(world: World):
    (world.folder / "folder" / "out").mkdir(parents=True)
    with pytest.raises(DataError, match=r"cannot write .*out: got something that is already there; remove it or name"):
        pull(world)
    assert not world.server.asked


def test_a_disk_without_room_is_told_by_the_folder_that_was_asked_for(world: World):
    pull(world, "/config.json").unlink()
    content = json.loads(world.lock.path.read_text())
    content["addresses"]["model"][f"{world.name}:o/n"]["files"]["model.safetensors"]["size_bytes"] = 2**60
    world.lock.path.write_text(json.dumps(content))
    with pytest.raises(MachineError, match=f"^no room on the disk for {world.folder}/folder/out: got "):
        pull(world)


def test_two_pulls_do_not_write_the_same_folder(world: World):
    out = world.folder / "folder" / "out"
    with only_writer(out, "pull"), pytest.raises(DataError, match=r"another pull is writing .*out: got a process at"):
        pull(world)
    assert not world.server.asked


def test_what_was_fetched_before_a_fault_is_kept_and_the_rest_fetched(world: World):
    world.server.faults.append(Fault("GET /storage/", status=404))
    with pytest.raises(DataError, match="got 404"):
        pull(world)
    assert not (world.folder / "folder" / "out").exists()
    num_asked = len(world.server.asked)
    assert files_below(pull(world)) == {path: FILES[path] for path in TAKEN}
    assert not [asked for asked in world.server.asked[num_asked:] if "config.json" in f"{asked.path}{asked.query}"]


def test_a_folder_that_is_not_sound_does_not_take_its_place(world: World):
    def check(folder: Path) -> None:
        assert files_below(folder).keys() >= set(TAKEN)
        raise DataError("a shard is damaged")

    with pytest.raises(DataError, match="a shard is damaged"):
        pull(world, check=check)
    assert not (world.folder / "folder" / "out").exists()


@pytest.mark.parametrize(("rest", "pattern"), [("", "."), ("/none", "none"), ("", r"/resolve/|/repo$")])
def test_a_pull_that_is_refused_leaves_nothing(world: World, rest: str, pattern: str):
    world.server.faults.append(Fault(pattern, status=404, times=99))
    with pytest.raises(DataError, match=r"got (404|none of the files)"):
        pull(world, rest)
    assert list((world.folder / "folder").iterdir()) == []
