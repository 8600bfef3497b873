from pathlib import Path

import pytest

from doctorsun.errors import DataError, RecipeError
from doctorsun.storage.hub.kinds import WEIGHTS
from doctorsun.storage.hub.materialise import is_offline, materialise
from hubs.both import FILES, TAKEN, World, files_below


@pytest.fixture(autouse=True)
def from_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name hub and cache as users do."""
    for name in ("HF_ENDPOINT", "MODELSCOPE_ENDPOINT"):
        monkeypatch.setenv(name, world.server.url)
    for name in ("HF_HUB_CACHE", "MODELSCOPE_CACHE"):
        monkeypatch.setenv(name, str(world.folder / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.chdir(world.folder)


def test_a_path_stays_a_path(world: World):
    assert materialise("some/where", kinds=WEIGHTS) == Path("some/where")
    assert materialise(Path("here"), kinds=WEIGHTS, locked=True, offline=True) == Path("here")
    assert not world.server.asked


def test_an_address_becomes_a_folder_and_the_lock_stands_in_the_working_folder(world: World):
    folder = materialise(f"{world.name}:o/n", kinds=WEIGHTS)
    assert files_below(folder) == {path: FILES[path] for path in TAKEN}
    assert folder.is_relative_to(world.folder / "cache")
    assert (world.folder / "models.lock").is_file()
    assert materialise(f"{world.name}:o/n", kinds=WEIGHTS, locked=True, offline=True) == folder


def test_the_older_variable_of_modelscope_names_a_mirror(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MODELSCOPE_ENDPOINT")
    monkeypatch.setenv("MODELSCOPE_DOMAIN", world.server.url)
    assert materialise(f"{world.name}:o/n/config.json", kinds=WEIGHTS).read_bytes() == FILES["config.json"]


def test_the_environment_can_forbid_asking(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert is_offline()
    with pytest.raises(DataError, match="offline, and its commit is not known"):
        materialise(f"{world.name}:o/n", kinds=WEIGHTS)
    assert not world.server.asked


def test_rules_are_passed_on(world: World):
    with pytest.raises(RecipeError, match="the lock does not name"):
        materialise(f"{world.name}:o/n", kinds=WEIGHTS, locked=True)
    with pytest.raises(DataError, match="offline"):
        materialise(f"{world.name}:o/n", kinds=WEIGHTS, offline=True)
