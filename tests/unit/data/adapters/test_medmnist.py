"""Tests of the MedMNIST adapters on miniatures of the published files.

Classes and licences: INFO of the publisher's package, https://github.com/MedMNIST/MedMNIST/blob/main/medmnist/info.py.
"""

from pathlib import Path

import numpy as np
import pytest

from carriers.medmnist import write_medmnist
from carriers.road import convert
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.readers.arrays import Arrays
from doctorsun.errors import DataError
from doctorsun.image.raster import decode

LABELS = {"train": [0, 1, 1], "val": [0], "test": [1, 0]}
BINARY = ("pneumoniamnist", "breastmnist", "nodulemnist3d", "adrenalmnist3d", "vesselmnist3d", "synapsemnist3d")
ORGANS = ("bladder", "femur-left", "femur-right", "heart", "kidney-left", "kidney-right", "liver", "lung-left",
          "lung-right", "pancreas", "spleen")  # fmt: skip
CLASSES = {  # the number of classes, the first and the last of them, as the publisher lists them
    "pathmnist": (9, "adipose", "colorectal adenocarcinoma epithelium"),
    "chestmnist": (14, "atelectasis", "hernia"),
    "dermamnist": (7, "actinic keratoses and intraepithelial carcinoma", "vascular lesions"),
    "octmnist": (4, "choroidal neovascularization", "normal"),
    "pneumoniamnist": (2, "normal", "pneumonia"),
    "retinamnist": (5, "0", "4"),
    "breastmnist": (2, "malignant", "normal, benign"),
    "bloodmnist": (8, "basophil", "platelet"),
    "tissuemnist": (8, "Collecting Duct, Connecting Tubule", "Thick Ascending Limb"),
    "organamnist": (11, "bladder", "spleen"),
    "organcmnist": (11, "bladder", "spleen"),
    "organsmnist": (11, "bladder", "spleen"),
    "organmnist3d": (11, "liver", "pancreas"),
    "nodulemnist3d": (2, "benign", "malignant"),
    "adrenalmnist3d": (2, "normal", "hyperplasia"),
    "fracturemnist3d": (3, "buckle rib fracture", "displaced rib fracture"),
    "vesselmnist3d": (2, "vessel", "aneurysm"),
    "synapsemnist3d": (2, "inhibitory synapse", "excitatory synapse"),
}


def classes(name: str) -> tuple[str, ...]:
    reader = load_adapter(name).reader
    assert isinstance(reader, Arrays)
    assert reader.labels is not None
    return reader.labels.classes


@pytest.mark.parametrize("name", CLASSES)
def test_a_set_has_the_classes_of_its_publisher_in_their_order(name: str) -> None:
    found = classes(name)
    assert (len(found), found[0], found[-1]) == CLASSES[name]
    assert set(load_adapter(name).labels) == set(found)


@pytest.mark.parametrize("name", CLASSES)
def test_labels_and_splits_are_the_publishers(name: str, tmp_path: Path) -> None:
    last = len(classes(name)) - 1
    labels: dict[str, object] = {"train": [0, last, last], "val": [0], "test": [last, 0]}
    if name == "chestmnist":
        labels = {split: np.eye(14, dtype=np.uint8)[numbers] for split, numbers in labels.items()}
    shape = (28, 28, 28) if name.endswith("3d") else (28, 28, 3)
    write_medmnist(tmp_path / "raw", name, labels, shape=shape)
    converted = convert(name, tmp_path / "raw", tmp_path / "store")
    first, final = (load_adapter(name).labels[classes(name)[number]] for number in (0, last))
    assert converted.labels() == {
        f"{name}.npz:train_images/0": (first,),
        f"{name}.npz:train_images/1": (final,),
        f"{name}.npz:train_images/2": (final,),
        f"{name}.npz:val_images/0": (first,),
        f"{name}.npz:test_images/0": (final,),
        f"{name}.npz:test_images/1": (first,),
    }
    assert list(converted.splits().values()) == ["train"] * 3 + ["validation"] + ["test"] * 2
    assert all(sample.modality == load_adapter(name).modality for sample in converted.samples)


@pytest.mark.parametrize("name", [name for name in CLASSES if name.endswith("3d")])
def test_each_volume_is_a_study_of_its_own_in_files_of_every_size(name: str, tmp_path: Path) -> None:
    studies = []
    for suffix, side in (("", 4), ("_64", 6)):
        root = tmp_path / f"raw{suffix}"
        write_medmnist(root, f"{name}{suffix}", LABELS, shape=(3, side, side))
        samples = convert(name, root, tmp_path / f"store{suffix}").samples
        studies.append({sample.groups.study for sample in samples})
        pictures = {sample.groups.study: sample.images[0].sha256 for sample in samples}
        assert len(set(pictures.values())) == len(pictures) == 6
    assert studies[0] == studies[1] == {"train/0", "train/1", "train/2", "val/0", "test/0", "test/1"}


def test_organs_of_the_three_planes_stand_in_another_order_than_those_of_the_volumes() -> None:
    assert all(classes(name) == ORGANS for name in ("organamnist", "organcmnist", "organsmnist"))
    assert classes("organmnist3d")[:3] == ("liver", "kidney-right", "kidney-left")
    assert [load_adapter(name).plane for name in ("organamnist", "organcmnist", "organsmnist")] == [
        "axial",
        "coronal",
        "sagittal",
    ]


def test_pictures_are_those_of_the_array(tmp_path: Path) -> None:
    write_medmnist(tmp_path / "raw", "octmnist_224", LABELS, shape=(9, 7))
    sample = convert("octmnist", tmp_path / "raw", tmp_path / "store").images()["octmnist_224.npz:val_images/0"]
    assert sample.images[0].bytes
    with np.load(tmp_path / "raw" / "octmnist_224.npz") as arrays:
        assert np.array_equal(np.asarray(decode(sample.images[0].bytes)), arrays["val_images"][0])


def test_several_findings_hold_at_once_and_the_rest_is_absent(tmp_path: Path) -> None:
    flags = np.zeros((1, 14), np.uint8)
    flags[0, [1, 12]] = 1
    write_medmnist(tmp_path / "raw", "chestmnist", {"train": flags, "val": flags, "test": np.zeros((1, 14), np.uint8)})
    converted = convert("chestmnist", tmp_path / "raw", tmp_path / "store")
    assert set(converted.labels()["chestmnist.npz:train_images/0"]) == {"cardiomegaly", "pleural_thickening"}
    assert converted.labels()["chestmnist.npz:test_images/0"] == ()
    facts = converted.images()["chestmnist.npz:test_images/0"].facts
    assert facts.count('"present":false') == 14


def test_only_the_derma_set_forbids_commercial_use() -> None:
    licences = {name: load_adapter(name).licence for name in CLASSES}
    assert licences.pop("dermamnist") == "CC-BY-NC-4.0"
    assert set(licences.values()) == {"CC-BY-4.0"}


def test_a_new_class_is_told(tmp_path: Path) -> None:
    write_medmnist(tmp_path / "raw", "breastmnist", LABELS | {"train": [0, 2]})
    with pytest.raises(DataError, match=r"breastmnist.npz, item 1.*got 2.*a number from 0 to 1"):
        convert("breastmnist", tmp_path / "raw", tmp_path / "store")


def test_a_missing_array_is_told(tmp_path: Path) -> None:
    write_medmnist(tmp_path / "raw", "octmnist", LABELS, drop="val_labels")
    with pytest.raises(DataError, match=r"octmnist.npz.*no array 'val_labels'.*one of train_images"):
        convert("octmnist", tmp_path / "raw", tmp_path / "store")
