import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from doctorsun.errors import ImageError
from doctorsun.image.raster import encode_png
from doctorsun.image.sandbox import Sandbox
from doctorsun.serve.studies import NoRoom, NoSuchStudy, Study, StudyLimits, StudyStore, TooManyStudies
from small_disk import files_of_at_most

PNG = encode_png(np.arange(600, dtype=np.uint8).reshape(20, 30))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time_s = 1_000_000.0

    def __call__(self) -> float:
        return self.time_s


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(num_workers=1)
    yield sandbox
    sandbox.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_store(tmp_path: Path, sandbox: Sandbox, clock: Clock) -> Iterator[Callable[..., StudyStore]]:
    made: list[StudyStore] = []

    def make(**limits: float) -> StudyStore:
        made.append(StudyStore(tmp_path / "state" / "studies", sandbox, StudyLimits(**limits), clock=clock))
        made[-1].start()
        return made[-1]

    yield make
    for store in made:
        store.close()


def add(store: StudyStore, client: str = "ward", data: bytes = PNG) -> Study:
    upload = store.receive(client)
    try:
        upload.add(data)
        return upload.finish()
    finally:
        upload.close()


def num_folders(store: StudyStore) -> int:
    return len(list(store.folder.iterdir()))


def picture(store: StudyStore, study: Study, client: str = "ward") -> bytes:
    return store.picture(client, study.id, series=0, index=0, window="")


def test_what_is_kept_is_for_its_owner_alone(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    study = add(store)
    paths = [store.folder, *store.folder.rglob("*")]
    assert len(paths) == 4
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in paths if path.is_dir())
    assert len(study.id) == len("study-") + 32
    assert add(store).id != study.id


def test_a_study_is_of_the_key_that_sent_it(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    study = add(store)
    assert store.get("ward", study.id) is study
    for ask in (store.get, store.delete):
        with pytest.raises(NoSuchStudy, match=r"study: got 'study-.*', expected one that this key has uploaded"):
            ask("other", study.id)
    with pytest.raises(NoSuchStudy):
        picture(store, study, "other")
    assert picture(store, study) == PNG


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "study-..", "", "study-" + "0" * 32, "study-" + "G" * 32, "/", "."]
)
def test_other_names_are_of_no_study(make_store: Callable[..., StudyStore], name: str) -> None:
    store = make_store()
    with pytest.raises(NoSuchStudy):
        store.get("ward", name)


def test_a_deleted_study_is_gone_from_disk_and_memory(make_store: Callable[..., StudyStore]) -> None:
    store = make_store(max_per_client=1)
    study = add(store)
    picture(store, study)
    store.delete("ward", study.id)
    assert num_folders(store) == 0
    with pytest.raises(NoSuchStudy):
        picture(store, study)
    add(store)


def test_a_study_goes_when_it_was_not_used_for_long(make_store: Callable[..., StudyStore], clock: Clock) -> None:
    store = make_store(idle_s=100)
    kept, forgotten = add(store), add(store)
    clock.time_s += 90
    picture(store, kept)
    clock.time_s += 20
    store.sweep()
    assert num_folders(store) == 1
    assert store.get("ward", kept.id).last_used == clock.time_s
    with pytest.raises(NoSuchStudy):
        store.get("ward", forgotten.id)


def test_slices_are_kept_in_memory_up_to_a_size(make_store: Callable[..., StudyStore]) -> None:
    store = make_store(kept_png_bytes=len(PNG))
    one, two = add(store), add(store)
    shown = picture(store, one)
    assert picture(store, one) is shown
    picture(store, two)
    assert picture(store, one) is not shown


def test_the_number_of_studies_of_a_key_is_limited(make_store: Callable[..., StudyStore]) -> None:
    store = make_store(max_per_client=2)
    unfinished = store.receive("ward")
    add(store)
    words = (
        "studies of one key: got one more while all are in use, expected at most 2 at once; delete one, or try again in"
    )
    with pytest.raises(TooManyStudies, match=f"{words} 60 s"):
        store.receive("ward")
    add(store, "other")
    unfinished.close()
    add(store)


def test_one_more_study_takes_the_place_of_the_one_unused_longest(
    make_store: Callable[..., StudyStore], clock: Clock
) -> None:
    store = make_store(max_per_client=2)
    other, first, second = add(store, "other"), add(store), add(store)
    clock.time_s += 30
    picture(store, first)
    clock.time_s += 29.5
    with pytest.raises(TooManyStudies, match="try again in 1 s") as refusal:
        store.receive("ward")
    assert refusal.value.wait_s == 0.5
    clock.time_s += 0.5
    third = add(store)
    assert num_folders(store) == 3
    with pytest.raises(NoSuchStudy):
        store.get("ward", second.id)
    assert store.get("ward", first.id) is first
    assert store.get("ward", third.id) is third
    assert store.get("other", other.id) is other


def test_uploads_that_come_in_make_no_place(make_store: Callable[..., StudyStore], clock: Clock) -> None:
    store = make_store(max_per_client=1)
    with closing(store.receive("ward")) as arriving:
        clock.time_s += 1000
        with pytest.raises(TooManyStudies, match="try again in 60 s"):
            store.receive("ward")
        arriving.add(PNG)
        assert store.get("ward", arriving.finish().id)


def test_all_studies_together_are_limited(make_store: Callable[..., StudyStore]) -> None:
    store = make_store(max_total_bytes=3 * len(PNG))
    add(store)
    first, second = store.receive("ward"), store.receive("ward")
    first.add(PNG)
    with pytest.raises(NoRoom, match="studies on this server: got no room left, expected room for one more"):
        second.add(PNG + b"x")
    second.close()
    first.close()
    assert num_folders(store) == 1


def test_what_cannot_be_shown_is_not_kept(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    with pytest.raises(ImageError, match="uploaded file: got content of another kind"):
        add(store, data=b"words")
    assert num_folders(store) == 0


def test_a_full_disk_is_told_and_leaves_nothing(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    with files_of_at_most(len(PNG) - 1), pytest.raises(NoRoom, match="studies on this server: got no room left"):
        add(store)
    assert num_folders(store) == 0
    add(store)


def test_a_series_must_be_there(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    study = add(store)
    with pytest.raises(ImageError, match="series of the study: got 1, expected 0 to 0"):
        store.picture("ward", study.id, series=1, index=0, window="")


def test_what_a_killed_server_left_is_removed(make_store: Callable[..., StudyStore]) -> None:
    left = make_store()
    add(left)
    store = make_store()
    assert num_folders(store) == 0


def test_nothing_is_left_at_the_end(make_store: Callable[..., StudyStore]) -> None:
    store = make_store()
    add(store)
    store.close()
    assert not store.folder.exists()


def test_a_store_must_be_started(sandbox: Sandbox) -> None:
    with pytest.raises(NoRoom, match="studies on this server: got a server that has not started"):
        StudyStore(None, sandbox).receive("ward")
