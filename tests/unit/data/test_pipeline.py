import json
from collections.abc import Callable
from pathlib import Path

import pytest

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, StoreSource, VqaRadSource
from doctorsun.data.pipeline import build_store, is_made, splits_of
from doctorsun.storage.store import Store
from small_model import png

SHAPES = ShapesSource(reader="shapes", num_images={"train": 6, "test": 2})
PHANTOM = PhantomSource(reader="phantom", num_images={"train": 3}, modalities=("chest_xray", "brain_mr"))
DOCUMENTS = PhantomTextSource(reader="phantom_text", num_documents={"train": 4})


class StoppedError(Exception):
    """The test ends the work here."""


def build(
    folder: Path,
    section: PhantomSource | ShapesSource | PhantomTextSource | VqaRadSource = SHAPES,
    *,
    on_progress: Callable[[int, int | None], None] = lambda *_: None,
) -> Store:
    return build_store("made", section, "train", folder, seed=7, on_progress=on_progress)


@pytest.mark.parametrize(("section", "num_items"), [(SHAPES, 6), (PHANTOM, 3), (DOCUMENTS, 4)])
def test_every_item_of_a_generated_source_is_kept_in_order(
    tmp_path: Path, section: ShapesSource | PhantomSource | PhantomTextSource, num_items: int
) -> None:
    told: list[tuple[int, int | None]] = []
    store = build(tmp_path / "store", section, on_progress=lambda *done: told.append(done))
    assert (store.manifest.read, store.manifest.kept) == (num_items, num_items)
    assert told == [(number, num_items) for number in range(1, num_items + 1)]
    assert [*dict.fromkeys(store.column("source.original_id"))] == [f"train-7-{n}" for n in range(num_items)]
    assert set(store.column("source.split")) == {"train"}


def test_the_modalities_of_a_source_take_turns(tmp_path: Path) -> None:
    modalities = build(tmp_path / "store", PHANTOM).column("modality")
    assert [*dict.fromkeys(modalities)] == ["chest_xray", "brain_mr"]


def test_a_store_that_is_there_is_opened(tmp_path: Path) -> None:
    first = build(tmp_path / "store")
    told: list[tuple[int, int | None]] = []
    assert build(tmp_path / "store", on_progress=lambda *done: told.append(done)).sha256 == first.sha256
    assert told == []


def test_an_interrupted_store_is_finished_as_if_undisturbed(tmp_path: Path) -> None:
    def stop(done: int, _total: int | None) -> None:
        if done == 4:
            raise StoppedError

    with pytest.raises(StoppedError):
        build(tmp_path / "stopped", on_progress=stop)
    assert build(tmp_path / "stopped").sha256 == build(tmp_path / "undisturbed").sha256


def test_what_a_reader_drops_is_counted_with_its_reason(tmp_path: Path) -> None:
    asked = {"image_name": "synpic0.jpg", "image_organ": "CHEST", "question": "A mass?", "answer": "Yes"}
    kinds = {"question_type": "PRES", "answer_type": "CLOSED", "phrase_type": "freeform"}
    (tmp_path / "images").mkdir()
    (tmp_path / "images/synpic0.jpg").write_bytes(png(0))
    (tmp_path / "trainset.json").write_text(json.dumps([{"qid": number} | asked | kinds for number in (1, 2, 2)]))
    (tmp_path / "testset.json").write_text("[]")
    told: list[tuple[int, int | None]] = []
    section = VqaRadSource(reader="vqa_rad", root=str(tmp_path))
    manifest = build(tmp_path / "store", section, on_progress=lambda *done: told.append(done)).manifest
    assert (manifest.read, manifest.kept, manifest.dropped) == (3, 2, 1)
    assert manifest.dropped_reasons == {"duplicate_id": 1}
    assert told == [(1, None), (2, None), (3, None)]


def test_a_source_knows_its_splits() -> None:
    assert splits_of(SHAPES) == ("train", "test")
    assert splits_of(DOCUMENTS) == ("train",)
    assert splits_of(VqaRadSource(reader="vqa_rad")) == ("train", "validation", "test")
    assert splits_of(StoreSource(reader="store", splits={"test": "somewhere"})) == ("test",)


def test_a_store_of_other_settings_is_made_again_and_the_size_of_another_split_is_none_of_them(tmp_path: Path) -> None:
    first = build(tmp_path / "store", SHAPES)
    fewer_tests = SHAPES.model_copy(update={"num_images": {"train": 6, "test": 1}})
    assert is_made(fewer_tests, "train", tmp_path / "store", seed=7)
    assert build(tmp_path / "store", fewer_tests).sha256 == first.sha256
    fewer = SHAPES.model_copy(update={"num_images": {"train": 5, "test": 2}})
    assert not is_made(fewer, "train", tmp_path / "store", seed=7)
    assert not is_made(SHAPES, "train", tmp_path / "store", seed=8)
    assert not is_made(SHAPES, "train", tmp_path / "nowhere", seed=7)
    assert build(tmp_path / "store", fewer).manifest.kept == 5
