"""Tests that shipped pages give labels the meaning that their words have: names, sides and grades of the ontology."""

from pathlib import Path

import numpy as np
import pytest

from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.adapters.meaning import annotated_image
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.data.readers.record import Record

ODD = {  # labels that are no name of their term, in pages whose other labels all are
    "pathmnist": {},
    "chestmnist": {"pleural": "pleural_thickening"},
    "dermamnist": {
        "actinic keratoses and intraepithelial carcinoma": "actinic_keratosis",
        "benign keratosis-like lesions": "benign_keratosis",
        "melanocytic nevi": "nevus",
        "vascular lesions": "vascular_skin_lesion",
    },
    "octmnist": {"normal": "normal_retina"},
    "bloodmnist": {
        "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)": "immature_granulocyte",
    },
    "fracturemnist3d": {},
    "synapsemnist3d": {},
    "chestxray14": {},
    "chexpert": {"Support Devices": "support_device"},
    "mimic_cxr": {"Support Devices": "support_device"},
    "vindr_cxr": {"Calcification": "lung_calcification", "Enlarged PA": "enlarged_pulmonary_artery"},
    "breakhis": {},
    "kvasir_seg": {},
}


def plain(words: str) -> str:
    return words.lower().replace("_", " ").replace("-", " ")


@pytest.mark.parametrize("name", ODD)
def test_labels_are_names_of_what_they_mean(name: str) -> None:
    terms = load_ontology().findings
    odd = {
        label: term
        for label, term in load_adapter(name).labels.items()
        if term is not None and plain(label) not in map(plain, terms[term].en)
    }
    assert odd == ODD[name]


@pytest.mark.parametrize("name", ["organamnist", "organcmnist", "organsmnist", "organmnist3d"])
def test_organs_keep_their_sides(name: str) -> None:
    terms = load_ontology().findings
    for label, term in load_adapter(name).labels.items():
        organ, _, side = label.partition("-")
        assert term == f"{side}_{organ}".lstrip("_")
        assert terms[term].side == side


@pytest.mark.parametrize("name", ["aptos", "retinamnist"])
def test_grades_keep_their_order(name: str) -> None:
    terms = load_ontology().findings
    grades = {label: terms[term].grade for label, term in load_adapter(name).labels.items() if term}
    assert grades == {str(grade): grade for grade in range(5)}


def test_skin_classes_of_three_sets_mean_the_same() -> None:
    old, new, ham = (load_adapter(name).labels for name in ("isic_2018", "isic_2019", "ham10000"))
    assert {label.lower(): term for label, term in old.items()} == ham
    assert {label: term for label, term in new.items() if label in old} | {"AKIEC": new["AK"]} == old
    assert (new["SCC"], new["UNK"]) == ("squamous_cell_carcinoma", None)


def test_an_image_knows_all_labels_that_its_data_set_uses(tmp_path: Path) -> None:
    picture = np.zeros((4, 4), dtype=np.uint8)
    record = Record(original_id="1", picture=picture, fields={"number": "1"}, labels={"nevus": True})
    image = annotated_image(load_adapter("isic_uda1"), record, tmp_path, load_ontology())
    assert (image.labels, image.vocabulary) == ({"nevus": True}, {"nevus", "melanoma"})
