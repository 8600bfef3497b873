"""Drafts of folders of DICOM files and of slides, which are read as they are drafted."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydicom.uid import RTDoseStorage

from carriers.dicom_files import changed, write_series
from carriers.slides import write_pyramid
from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.draft.draft import draft_adapter
from doctorsun.data.draft.page import FILL_IN
from doctorsun.data.readers.item import Dropped


def drafted(root: Path, fill: str) -> tuple[Adapter, str]:
    """Return the draft of a folder as its readers would have filled it in, and its text."""
    text = draft_adapter(root)
    return Adapter.model_validate(yaml.safe_load(text.replace(FILL_IN, fill))), text


def write_export(root: Path) -> None:
    values = np.arange(240).reshape(6, 5, 8)
    write_series(root / "P1/S1/CT", values, BodyPartExamined="CHEST", AccessionNumber="A1")
    write_series(root / "P2/S2/MR", values[:3], Modality="MR", BodyPartExamined="SNOUT", AccessionNumber="A2")
    for number, path in enumerate(sorted(root.rglob("*.dcm"))):
        path.rename(path.with_name(f"IM{number}"))


def test_headers_of_an_export_tell_the_rules(tmp_path: Path) -> None:
    write_export(tmp_path)

    adapter, text = drafted(tmp_path, "head")

    assert adapter.reader.kind == "dicom_images"
    page = yaml.safe_load(text)
    assert page["modality"] == {"field": "{modality}", "values": {"CT": "ct", "MR": "mr"}}
    assert page["anatomy"]["values"] == {"CHEST": "chest", "SNOUT": FILL_IN}
    assert (page["department"], page["patient"], page["study"]) == (FILL_IN, "{patient}", "{study}")
    assert page["task"] == "classification"


def test_a_draft_of_an_export_converts(tmp_path: Path) -> None:
    write_export(tmp_path)
    adapter = Adapter.model_validate(
        yaml.safe_load(draft_adapter(tmp_path).replace("department: FILL_IN", "").replace(FILL_IN, "head"))
    )
    reader = AdapterReader(adapter, tmp_path)
    items = [reader.make(each) for each in reader.pending()]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    assert {(sample.modality, sample.anatomy) for sample in samples} == {("ct", "chest"), ("mr", "head")}


def test_reports_by_accession_number_are_found(tmp_path: Path) -> None:
    write_export(tmp_path)
    text = "检查号,日期,报告\nA1,2024,右肺上叶见小结节，边界清楚。\nA2,2024,脑实质未见明显异常信号。\n"
    (tmp_path / "报告.csv").write_bytes(text.encode("gb18030"))

    adapter, text = drafted(tmp_path, "head")

    assert adapter.task == "report"
    reader = yaml.safe_load(text)["reader"]
    assert reader["joins"] == [{"files": "报告.csv", "key": "{检查号}", "on": "{AccessionNumber}", "columns": ["报告"]}]
    assert reader["texts"] == [{"kind": "report", "language": "zh", "text": "{报告}"}]
    section: Any = adapter.reader
    records = [section.read(each, tmp_path) for each in section.pending(tmp_path)]
    assert {item[0].texts[0].text for item in records if not isinstance(item, Dropped)} == {
        "右肺上叶见小结节，边界清楚。",
        "脑实质未见明显异常信号。",
    }


def test_a_mere_list_of_files_does_not_stand_in_the_way_of_headers(tmp_path: Path) -> None:
    write_series(tmp_path / "a", np.arange(240).reshape(6, 5, 8))
    lines = "".join(f"a/{number:03d}.dcm\n" for number in range(1, 7))
    (tmp_path / "files.csv").write_text(f"file\n{lines}", encoding="utf-8")
    assert yaml.safe_load(draft_adapter(tmp_path))["reader"]["kind"] == "dicom_images"


def test_other_objects_need_no_rule(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path / "a", np.arange(40).reshape(1, 5, 8))
    changed(path, Modality="RTDOSE", SOPClassUID=RTDoseStorage, SeriesInstanceUID="1.7")
    path.rename(tmp_path / "dose.dcm")
    write_series(tmp_path / "a", np.arange(240).reshape(6, 5, 8))
    page = draft_adapter(tmp_path)
    assert "RTDOSE" not in page
    assert "values: {CT: ct}" in page


def write_slides(root: Path, names: list[str]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_pyramid(root / name, [np.full((64, 64, 3), (190, 110, 170), np.uint8)], 0.5)


def test_slides_in_a_folder_per_class(tmp_path: Path) -> None:
    write_slides(tmp_path, [f"{label}/{number}.svs" for label in ("Tumor", "Normal") for number in range(2)])

    adapter, text = drafted(tmp_path, "polyp")

    assert yaml.safe_load(text)["reader"] == {
        "kind": "slides",
        "images": "{label}/{name}.svs",
        "label": "{label}",
        "mpp": 0.5,
    }
    assert set(adapter.labels) == {"Tumor", "Normal"}
    assert (adapter.modality, adapter.department, adapter.patient) == ("histology", "pathology", "{slide}")
    assert len(list(adapter.reader.pending(tmp_path))) == 4


def test_slides_in_folders_of_their_own_have_no_class(tmp_path: Path) -> None:
    write_slides(tmp_path, ["case1/a.svs", "case2/b.svs", "case3/c.svs"])
    adapter, text = drafted(tmp_path, "polyp")
    assert yaml.safe_load(text)["reader"]["images"] == "*/{name}.svs"
    assert not adapter.labels
