import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from carriers.videos import NUM_FRAMES, STEP, write_video
from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.videos import Videos
from doctorsun.errors import DataError

pytest.importorskip("av", reason="PyAV is not installed (doctorsun[video])")


def reader(**settings: Any) -> Videos:
    return Videos.model_validate({"kind": "videos", "videos": "{label}/{name}.mkv"} | settings)


def items(root: Path, **settings: Any) -> list[Any]:
    section = reader(**settings)
    return [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301


def numbers(root: Path, **settings: Any) -> list[int]:
    (found,) = items(root, **settings)
    return [int(record.fields["frame"]) for record in found]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A video of five seconds at 10 frames a second."""
    write_video(tmp_path / "polyp/a.mkv")
    return tmp_path


def test_a_frame_has_the_class_of_the_folder_its_number_and_its_time(root: Path) -> None:
    (found,) = items(root, at_s=[1.5], label="{label}")
    (record,) = found
    assert isinstance(record, Record)
    assert record.original_id == "polyp/a.mkv/frame-15-1.500s"
    assert record.labels == {"polyp": True}
    assert record.fields == {
        "label": "polyp",
        "name": "a",
        "video": "polyp/a.mkv",
        "frame": "15",
        "seconds": "1.5",
    }
    assert record.acquisition.slice == 15
    assert isinstance(record.picture, np.ndarray)
    assert record.picture.shape == (48, 64, 3)
    assert record.picture[20, 40].tolist() == [15 * STEP] * 3


def test_frames_are_spread_over_the_video(root: Path) -> None:
    assert numbers(root) == [3, 9, 15, 21, 28, 34, 40, 46]
    assert numbers(root, num_frames=1) == [25]
    assert numbers(root, num_frames=99) == list(range(NUM_FRAMES))


def test_frames_at_intervals(root: Path) -> None:
    assert numbers(root, every_s=1.5) == [0, 15, 30, 45]
    assert numbers(root, every_s=0.25) == [3, 8, 15, 20, 28, 33, 40, 45]  # of 0, 3, 5, 8, 10, 13 ...
    assert numbers(root, every_frames=20) == [0, 20, 40]
    assert numbers(root, every_frames=20, num_frames=2) == [0, 40]


def test_frames_at_times_are_those_on_the_screen(root: Path) -> None:
    assert numbers(root, at_s=[0, 0.19, 0.2, 4.9, 5.0], num_frames=1) == [0, 1, 2, 49]


def test_times_and_labels_stand_in_a_table_and_a_video_without_its_row_is_dropped(root: Path) -> None:
    write_video(root / "polyp/b.mkv", num_frames=5)
    (root / "t.csv").write_text("video,found,second,at\na.mkv,ulcer,2.0;3.1,0.4\n", encoding="utf-8")
    join = {"files": "t.csv", "key": "{video}", "on": "{name}.mkv", "columns": ["found", "second", "at"]}
    found, dropped = items(root, join=join, label="{found}", at_s=["{second}", "{at}"])
    assert [(record.fields["frame"], record.labels) for record in found] == [
        ("4", {"ulcer": True}),
        ("20", {"ulcer": True}),
        ("31", {"ulcer": True}),
    ]
    assert dropped == Dropped("polyp/b.mkv", "no_row", "of a joined table")


@pytest.mark.parametrize(
    ("at", "detail"),
    [
        (5.1, "5.1 s of a video of 5 s"),
        (-0.5, "-0.5 s of a video of 5 s"),
        ("nan", "nan s of a video of 5 s"),
        ("soon", "'soon' is no time in seconds"),
        ("", "'' is no time in seconds"),
    ],
)
def test_a_video_without_a_frame_at_a_time_is_dropped(root: Path, at: object, detail: str) -> None:
    assert items(root, at_s=[0, at]) == [Dropped("polyp/a.mkv", "no_frame", detail)]


def test_one_frame_is_a_video(root: Path) -> None:
    write_video(root / "polyp/a.mkv", num_frames=1)
    assert numbers(root) == [0]
    assert numbers(root, at_s=[0]) == [0]


def test_damaged_videos_are_dropped_with_their_reason(root: Path) -> None:
    whole = (root / "polyp/a.mkv").read_bytes()
    (root / "polyp/b.mkv").write_bytes(whole[: len(whole) // 2])
    (root / "polyp/c.mkv").write_bytes(b"")
    found, cut, empty = items(root)
    assert len(found) == 8
    assert (cut.original_id, cut.reason, empty.reason) == ("polyp/b.mkv", "image", "image")
    assert "the video is cut off" in cut.detail


def test_a_template_of_an_unknown_field_and_an_empty_folder_are_faults_of_the_page(root: Path) -> None:
    with pytest.raises(DataError, match="unknown field: got 'second'"):
        items(root, at_s=["{second}"])
    with pytest.raises(DataError, match="none like"):
        items(root, videos="*.mp4")


def test_frames_are_chosen_in_one_way_only() -> None:
    with pytest.raises(ValidationError, match="either by at_s, by every_s or by every_frames"):
        reader(every_s=1, every_frames=5)
    with pytest.raises(ValidationError, match="either by at_s"):
        reader(at_s=[1], every_s=1)


@pytest.mark.parametrize("wrong", [{"every_s": 0}, {"every_frames": 0}, {"num_frames": 0}])
def test_wrong_settings_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        reader(**wrong)


@pytest.mark.parametrize("patient", ["{video}", ""])
def test_the_frames_of_a_video_become_samples_in_one_split(root: Path, patient: str) -> None:
    for number in range(12):
        write_video(root / f"polyp/{number}.mkv", num_frames=4)
    page = {
        "dataset": "loops",
        "title": "Loops",
        "url": "https://example.org",
        "licence": "CC0-1.0",
        "modality": "endoscopy",
        "anatomy": "colon",
        "task": "classification",
        "labels": {"polyp": "polyp"},
        "patient": patient,
        "split": {"hash": "{patient}"},
        "reader": {"kind": "videos", "videos": "{label}/{name}.mkv", "label": "{label}", "num_frames": 2},
    }
    road = AdapterReader(Adapter.model_validate(page), root)
    samples = [sample for each in road.pending() for sample in road.make(each) if not isinstance(sample, Dropped)]
    assert len({sample.source.original_id for sample in samples}) == 26
    splits = {(sample.source.original_id.partition("/frame")[0], sample.source.split) for sample in samples}
    assert len(splits) == len({video for video, _ in splits}) == 13
    assert {split for _, split in splits} >= {"train", "test"}
    assert len({sample.groups.patient for sample in samples}) == (13 if patient else 1)
    assert {sample.labels for sample in samples} == {("polyp",)}
    assert {sample.images[0].facts.slice for sample in samples if "/a.mkv/" in sample.source.original_id} == {12, 37}
