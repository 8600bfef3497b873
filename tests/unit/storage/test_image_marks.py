"""Images and their places in the turns, compared without reading words or images."""

from pathlib import Path

from doctorsun.schema import image_part
from doctorsun.storage.image_marks import rows_with_unmatched_images
from doctorsun.storage.store_part import StorePart
from small_model import assistant, image, png, question, sample, user, write_store

ONE, TWO = image(png(1)), image(png(2))
SAMPLES = [
    question("one", "?", "No.", ONE),
    question("none", "?", "No."),
    sample("lost", user(image_part(), "?"), assistant("No.")),
    sample("document", assistant("Text.")),
    sample("spare", user("?"), assistant("No."), images=[ONE]),
    sample("two", user(image_part(), "?"), assistant("No."), user(image_part()), assistant("Yes."), images=[ONE, TWO]),
    sample("few", user(image_part(), image_part(), "?"), assistant("No."), images=[ONE]),
    sample("shown", user("?"), assistant("No.", image_part()), images=[ONE]),
]
WRONG = [2, 4, 6, 7]


def test_only_samples_whose_images_match_pass(tmp_path: Path) -> None:
    assert rows_with_unmatched_images(write_store(tmp_path / "store", SAMPLES)) == WRONG


def test_rows_are_counted_over_row_groups(tmp_path: Path) -> None:
    many = [*SAMPLES] * 20
    store = write_store(tmp_path / "store", many)
    assert rows_with_unmatched_images(store) == [8 * turn + row for turn in range(20) for row in WRONG]


def test_a_part_of_a_store_tells_positions_in_the_whole(tmp_path: Path) -> None:
    write_store(tmp_path / "store", SAMPLES)
    assert rows_with_unmatched_images(StorePart(tmp_path / "store", "train", [0, 4], 0)) == WRONG
