"""The hash of a task's image files: another where one is replaced, comes or goes; the same where other files do."""

from pathlib import Path

from doctorsun.data.task_images import images_sha256
from published_data import write_images


def test_a_replaced_a_new_and_a_removed_image_change_the_hash(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "data/out"
    write_images(data, ["images/1.png", "images/2.PNG"])
    hashes = [images_sha256(data, out)]
    (data / "images/1.png").write_bytes(b"other")
    hashes.append(images_sha256(data, out))
    write_images(data, ["scan.nii.gz"])
    hashes.append(images_sha256(data, out))
    (data / "images/2.PNG").unlink()
    hashes.append(images_sha256(data, out))
    assert len(set(hashes)) == len(hashes)


def test_other_files_hidden_folders_and_the_answers_change_nothing(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "data/out"
    write_images(data, ["images/1.png"])
    before = images_sha256(data, out)
    (data / "notes.txt").write_text("read me")
    write_images(data, [".cache/1.png", "out/questions/1.png"])
    assert images_sha256(data, out) == before


def test_images_behind_a_link_count_and_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_images(tmp_path / "elsewhere", ["1.png"])
    data.mkdir()
    (data / "images").symlink_to(tmp_path / "elsewhere")
    (data / "above").symlink_to(data)
    before = images_sha256(data, tmp_path / "out")
    (tmp_path / "elsewhere/1.png").write_bytes(b"other")
    assert images_sha256(data, tmp_path / "out") != before
