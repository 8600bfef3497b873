from pathlib import Path

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.store import Store
from doctorsun.storage.store_folder import MAX_NAMED, stores_below
from small_model import assistant, sample, write_store


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs; the run 'first' has two stores."""
    runs = tmp_path_factory.mktemp("runs")
    for split in ("test", "train"):
        write_store(runs / "first/stores/phantom" / split, [sample("a", assistant("A text."))])
    (runs / "first/weights").mkdir()
    return runs


def advice(path: Path) -> str:
    with pytest.raises(DataError) as error:
        Store(path)
    return error.value.text().replace(f"{path}", "HERE", 1)


@pytest.mark.parametrize("place", ["", "first", "first/stores", "first/stores/phantom"])
def test_a_folder_above_stores_names_those_below_it(runs: Path, place: str) -> None:
    below = runs / "first/stores/phantom"
    assert advice(runs / place) == (
        "HERE is not a store: got no manifest.json in it, expected the folder of one split of a store;"
        f" did you mean one of {below / 'test'}, {below / 'train'}?"
    )


def test_a_folder_that_does_not_exist_names_the_stores_beside_it(runs: Path) -> None:
    found = advice(runs / "first/stores/phantm/test")
    assert found.startswith("HERE is not a store: got no such folder, expected the folder of one split of a store; did")
    assert f"{runs / 'first/stores/phantom/test'}, " in found


@pytest.mark.parametrize(("inside", "got"), [("manifest.json", "a file"), ("shards", "no manifest.json in it")])
def test_a_path_inside_a_store_names_the_store(runs: Path, inside: str, got: str) -> None:
    store = runs / "first/stores/phantom/test"
    assert advice(store / inside) == (
        f"HERE is not a store: got {got}, expected the folder of one split of a store; did you mean '{store}'?"
    )


def test_where_no_store_is_near_the_command_that_makes_one_is_named(runs: Path) -> None:
    expected = "store; check the path, or make the store with 'doctorsun data build', 'import' or 'collect'"
    assert expected in advice(runs / "first/weights")
    assert expected in advice(Path("/there-is-no-such-folder"))


def test_a_store_too_many_is_only_counted(tmp_path: Path) -> None:
    for number in range(MAX_NAMED + 2):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}/manifest.json").write_text("{}")
    assert advice(tmp_path).endswith(f", {tmp_path / str(MAX_NAMED - 1)} (and 2 more)?")


def test_hidden_folders_links_and_insides_of_stores_are_not_searched(runs: Path, tmp_path: Path) -> None:
    for name in (".hidden", "store", "store/inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    (tmp_path / "link").symlink_to(runs)
    assert stores_below(tmp_path) == [tmp_path / "store"]
