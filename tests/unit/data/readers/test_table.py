import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pydantic import ValidationError

from doctorsun.data.convert.annotation import HumanText
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.record import Record
from doctorsun.data.readers.table import Table
from doctorsun.errors import DataError
from doctorsun.schema import Answer


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def picture(path: Path, pixels: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((30, 40), 50, dtype=np.uint8) if pixels is None else pixels).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        picture(tmp_path / f"images_{'1' if name == 'a' else '2'}" / f"{name}.png")
    return tmp_path


def reader(**settings: Any) -> Table:
    return Table.model_validate({"kind": "table", "files": "t.csv", "image": "images_*/{id}.png"} | settings)


def read(root: Path, **settings: Any) -> list[Record | Dropped]:
    section = reader(**settings)
    items = [section.read(pickle.loads(pickle.dumps(each)), root) for each in section.pending(root)]  # noqa: S301
    return [each for item in items for each in ([item] if isinstance(item, Dropped) else item)]


def records(root: Path, **settings: Any) -> list[Record]:
    return [each for each in read(root, **settings) if isinstance(each, Record)]


def test_a_row_is_a_picture_with_its_columns_as_fields(root: Path):
    write(root / "t.csv", "id,sex\nb,F\na,M\n")
    found = records(root)
    assert [(each.original_id, each.fields["sex"]) for each in found] == [
        ("images_*/b.png", "F"),
        ("images_*/a.png", "M"),
    ]


def test_a_list_of_labels_in_a_column(root: Path):
    write(root / "t.csv", "id,Finding Labels\na,Cardiomegaly|Effusion\nb,No Finding\nc,\n")
    found = records(root, labels=[{"column": "Finding Labels", "separator": "|"}])
    assert [each.labels for each in found] == [
        {"Cardiomegaly": True, "Effusion": True},
        {"No Finding": True},
        {},
    ]


def test_flags_are_present_absent_or_unknown(root: Path):
    write(root / "t.csv", "id,Edema,Mass\na,1.0,0.0\nb,-1.0,\nc,0,1\n")
    assert [each.labels for each in records(root, labels=[{"flags": ["Edema", "Mass"]}])] == [
        {"Edema": True, "Mass": False},
        {},
        {"Edema": False, "Mass": True},
    ]
    absent = {"flags": ["Edema", "Mass"], "present": ["1", "-1"], "absent": ["0", ""], "unknown": []}
    assert records(root, labels=[absent])[1].labels == {"Edema": True, "Mass": False}


def test_rows_of_a_picture_are_opinions_that_vote(root: Path):
    write(root / "t.csv", "id,reader,x,y,z\na,R1,1,1,0\na,R2,1,0,0\na,R3,0,0,0\n")
    labels = {"flags": ["x", "y", "z"], "votes": 2}
    (record,) = records(root, item="{id}", labels=[labels])
    assert record.labels == {"x": True, "z": False}
    assert record.original_id == "a"
    (record,) = records(root, item="{id}", where={"reader": ["R2"]}, labels=[labels | {"votes": 1}])
    assert record.labels == {"x": True, "y": False, "z": False}


def test_a_flag_that_is_not_named_is_told(root: Path):
    write(root / "t.csv", "id,Edema\na,maybe\n")
    message = r"images_\*/a.png: Edema: got 'maybe', expected one of '1', '0', '', '-1'; name it under present"
    with pytest.raises(DataError, match=message):
        records(root, labels=[{"flags": ["Edema"]}])


def test_several_rows_without_a_name_of_the_item_are_told(root: Path):
    write(root / "t.csv", "id,x\na,1\na,2\n")
    with pytest.raises(DataError, match=r"t.csv: got several rows of images_\*/a.png, expected one; name by 'item'"):
        records(root)


def test_rows_are_joined_with_other_tables(root: Path):
    write(root / "t.csv", "id,note\na,1\nb,2\nc,3\n")
    write(root / "split.tsv", "image\tsplit\tnote\nb.png\ttest\tx\na.png\ttrain\ty\n")
    join = {"files": "split.tsv", "key": "{image}", "on": "{id}.png"}
    found = read(root, joins=[join])
    assert [each.fields["split"] + each.fields["note"] for each in found[:2] if isinstance(each, Record)] == [
        "train1",
        "test2",
    ]
    assert found[2] == Dropped("images_*/c.png", "no_row", "of a joined table")
    last = records(root, joins=[join | {"required": False, "columns": ["split"]}])[2]
    assert last.fields == {"id": "c", "note": "3", "split": ""}


def test_two_rows_of_a_joined_table_must_say_the_same(root: Path):
    write(root / "t.csv", "id\na\n")
    write(root / "p.csv", "id,split\na,train\na,train\n")
    join = {"files": "p.csv", "key": "{id}", "on": "{id}"}
    assert records(root, joins=[join])[0].fields["split"] == "train"
    write(root / "p.csv", "id,split\na,train\na,test\n")
    with pytest.raises(DataError, match=r"p.csv: got two rows of a, expected one; correct join.key"):
        records(root, joins=[join])


def test_texts_of_columns_are_taken_apart(root: Path):
    write(root / "t.csv", "Path\nCheXpert-v1.0-small/train/patient07/study2/a.png\n")
    parts = {"Path": r"[^/]*/train/(?P<patient>patient\d+)/(?P<study>.*)/(?P<id>\w+)\.png(?P<rest>x)?"}
    (record,) = records(root, parts=parts)
    assert {name: record.fields[name] for name in ("patient", "study", "id", "rest")} == {
        "patient": "patient07",
        "study": "study2",
        "id": "a",
        "rest": "",
    }
    with pytest.raises(DataError, match=r"t.csv: Path: got 'CheX.*, expected text like \(\?P<x>a\); correct parts"):
        records(root, parts={"Path": "(?P<x>a)"})


@pytest.mark.parametrize("parts", [{"a": "(x"}, {"a": "x"}])
def test_expressions_of_parts_are_checked(parts: dict[str, str]):
    with pytest.raises(ValidationError, match=r"a is no regular expression|a has no named group"):
        reader(parts=parts)


def test_boxes_in_columns_and_rows_without_a_box(root: Path):
    write(
        root / "t.csv",
        "id,class,x_min,y_min,x_max,y_max\na,Mass,1,2,10,12\na,Mass,5.5,5,39,50\na,Nodule,,,,\nb,No finding,,,,\n",
    )
    found = records(root, item="{id}", objects=[{"label": "{class}", "box": ["x_min", "y_min", "x_max", "y_max"]}])
    assert [(mark.label, mark.box_px) for mark in found[0].marks] == [
        ("Mass", (1, 2, 10, 12)),
        ("Mass", (5.5, 5, 39, 30)),
    ]
    assert [each.labels for each in found] == [{"Mass": True, "Nodule": True}, {"No finding": True}]


def test_boxes_of_a_table_of_their_own(root: Path):
    write(root / "t.csv", "id,l\na,x\nb,y\n")
    write(root / "boxes.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\nb.png,Atelectasis,2,3,10,5,,,\n")
    table = {
        "files": "boxes.csv",
        "key": "{Image Index}",
        "on": "{id}.png",
        "label": "{Finding Label}",
        "box": ["Bbox [x", "y", "w", "h]"],
        "form": {"numbers": "corner_and_size"},
    }
    found = records(root, object_tables=[table])
    assert [[(mark.label, mark.box_px) for mark in each.marks] for each in found] == [
        [],
        [("Atelectasis", (2, 3, 12, 8))],
    ]


def test_faults_of_boxes(root: Path):
    objects = [{"label": "x", "box": ["a", "b", "c", "d"]}]
    write(root / "t.csv", "id,a,b,c,d\na,41,0,50,9\nb,1,1,5,5\n")
    found = read(root, objects=objects)
    assert found[0] == Dropped("images_*/a.png", "box", "x at 41 0 50 9 in a picture of 40 x 30")
    assert isinstance(found[1], Record)
    write(root / "t.csv", "id,a,b,c,d\na,1,,5,9\n")
    with pytest.raises(DataError, match=r"box of images_\*/a.png: got '1', '', '5', '9', expected four numbers"):
        read(root, objects=objects)


def masked(root: Path, values: np.ndarray, **mask: Any) -> list[Record | Dropped]:
    write(root / "t.csv", "id,x,y,w,h,mask\na,4,6,3,2,m/a.png\na,,,,,\n")
    picture(root / "m/a.png", values)
    columns = {"box": ["x", "y", "w", "h"], "form": {"numbers": "corner_and_size"}}
    return read(root, item="{id}", objects=[{"label": "lung", **columns, "mask": {"file": "{mask}", **mask}}])


def test_a_mask_that_a_row_names_lies_in_its_box_or_covers_the_picture(root: Path):
    (record,) = masked(root, np.array([[0, 9, 9], [0, 9, 0]], dtype=np.uint8), covers="box")
    assert isinstance(record, Record)
    (mark,) = record.marks
    assert mark.box_px == (5, 6, 7, 8)
    assert mark.mask is not None
    assert np.argwhere(mark.mask).tolist() == [[6, 5], [6, 6], [7, 5]]
    whole = np.zeros((30, 40), dtype=np.uint8)
    whole[0, 39] = 1
    (record,) = masked(root, whole)
    assert isinstance(record, Record)
    assert record.marks[0].box_px == (39, 0, 40, 1)


@pytest.mark.parametrize(
    ("values", "mask", "reason", "detail"),
    [
        (np.ones((2, 3), np.uint8), {}, "size_mismatch", "a.png 3 x 2, picture 40 x 30"),
        (np.ones((30, 3), np.uint8), {"covers": "box"}, "size_mismatch", "a.png 3 x 30, picture 40 x 30"),
        (np.zeros((30, 40), np.uint8), {}, "mask", "a.png is empty"),
        (np.ones((30, 40), np.uint8), {"channel": "alpha"}, "mask", "expected an alpha channel"),
        (np.ones((30, 40), np.uint8), {"file": "m/b.png"}, "no_file", "m/b.png"),
    ],
)
def test_faults_of_a_mask_drop_its_picture(root: Path, values: np.ndarray, mask: Any, reason: str, detail: str):
    (dropped,) = masked(root, values, **mask)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == reason
    assert detail in dropped.detail


def test_masks_in_files_beside_the_picture(root: Path):
    write(root / "t.csv", "id,dx\na,nevus\nb,nevus\n")
    picture(root / "seg/a.png", np.eye(30, 40, dtype=np.uint8))
    found = read(root, masks=[{"files": "seg/{id}.png", "label": "lesion"}], labels=[{"column": "dx"}])
    assert isinstance(found[0], Record)
    assert found[0].labels == {"lesion": True, "nevus": True}
    assert found[0].marks[0].box_px == (0, 0, 30, 30)
    assert isinstance(found[1], Dropped)
    assert found[1].reason == "no_file"


def test_records_of_side_files(root: Path):
    write(root / "a.json", '{"meta": {"clinical": {"diagnosis": "nevus", "age": null}}}')
    write(root / "b.json", '{"meta": {"clinical": {"diagnosis": "melanoma", "age": 60}}}')
    found = records(root, files="{id}.json", labels=[{"column": "meta.clinical.diagnosis"}])
    assert [(each.fields["id"], each.labels) for each in found] == [("a", {"nevus": True}), ("b", {"melanoma": True})]
    assert found[0].fields["meta.clinical.age"] == ""


def test_missing_pictures_and_columns(root: Path):
    write(root / "t.csv", "id,x\ngone,1\n")
    assert read(root) == [Dropped("images_*/gone.png", "no_file", "images_*/gone.png")]
    with pytest.raises(DataError, match=r"names an unknown field: got 'name', expected one of id, x"):
        read(root, image="{name}.png")
    write(root / "t.csv", "id,x\na,1\n")
    with pytest.raises(DataError, match=r"got no column y, expected one of id, x; correct labels"):
        read(root, labels=[{"column": "y"}])
    with pytest.raises(DataError, match=r"t.csv: got no column 'kept', expected one of id, x; correct the adapter"):
        read(root, where={"kept": ["true"]})


REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 FINDINGS:

 The lungs are clear. Ratio 1:2.
 No effusion.

 IMPRESSION:  No acute
 process.
"""


def test_sections_of_a_report_in_its_own_file(root: Path):
    write(root / "t.csv", "id\na\nb\n")
    write(root / "files/a.txt", REPORT)
    texts = [{"kind": "report", "language": "en", "file": "files/{id}.txt", "sections": ["IMPRESSION", "FINDINGS"]}]
    found = read(root, texts=texts)
    assert isinstance(found[0], Record)
    assert found[0].texts == (
        HumanText(
            kind="report",
            language="en",
            text="FINDINGS: The lungs are clear. Ratio 1:2. No effusion.\nIMPRESSION: No acute process.",
        ),
    )
    assert found[1] == Dropped("images_*/b.png", "no_file", "files/b.txt")
    (root / "files/a.txt").write_bytes(b"\0")
    dropped = read(root, texts=texts)[0]
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "text"


def test_xml_documents_are_rows_of_their_elements(root: Path):
    write(
        root / "xml/1.xml",
        '<e><A Label="FINDINGS">Clear  lungs.</A><A Label="IMPRESSION"/><m><major>normal</major><major>Scar</major></m>'
        '<parentImage id="a"/><parentImage id="b"><panel><url>/x/b.jpg</url></panel></parentImage></e>',
    )
    columns = {
        "id": "./@id",
        "url": "./panel/url",
        "findings": "A[@Label='FINDINGS']",
        "mesh": "m/major",
    }
    found = records(
        root,
        files="xml/{report}.xml",
        xml={"each": "parentImage", "columns": columns},
        texts=[{"kind": "report", "language": "en", "text": "{findings}"}],
        labels=[{"column": "mesh", "separator": "|"}],
    )
    assert [(each.fields["id"], each.fields["report"], each.fields["url"]) for each in found] == [
        ("a", "1", ""),
        ("b", "1", "/x/b.jpg"),
    ]
    assert found[0].labels == {"normal": True, "Scar": True}
    assert found[0].texts[0].text == "Clear lungs."


@pytest.mark.parametrize("text", ["<a>", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', ""])
def test_what_is_not_plain_xml_is_told(root: Path, text: str):
    write(root / "1.xml", text)
    with pytest.raises(DataError, match=r"1.xml: got .*, expected an XML document"):
        read(root, files="1.xml", xml={"columns": {"id": "./@id"}})


def test_questions_with_their_answers(root: Path):
    write(
        root / "t.csv",
        "id,q,a,A,B,type\na,Is it?,Yes,,,presence\na,Which?,b,one,two,\na,Which?,One,one,two,\n"
        "a,Where?,left lobe,,,\na,,x,,,\n",
    )
    question = {"kind": "question", "language": "en", "question": "{q}", "text": "{a}", "task": "{type}"}
    (record,) = records(root, item="{id}", texts=[question | {"options": ["{A}", "{B}"]}])
    assert [text.answer for text in record.texts] == [
        Answer(kind="closed", gold=("yes",)),
        Answer(kind="mcq", gold=("B",), options=("one", "two")),
        Answer(kind="mcq", gold=("A",), options=("one", "two")),
        Answer(kind="open", gold=("left lobe",)),
    ]
    assert (record.texts[0].question, record.texts[0].task) == ("Is it?", "presence")
    write(root / "t.csv", "id,q,a,A,B,type\na,Which?,C,one,two,\n")
    (dropped,) = read(root, texts=[question | {"options": ["{A}", "{B}"]}])
    assert dropped == Dropped("images_*/a.png", "answer", "'C' is none of the options of 'Which?'")


def test_settings_that_contradict_themselves_are_refused():
    with pytest.raises(ValidationError, match="labels stand either in a column or as flags"):
        reader(labels=[{"column": "x", "flags": ["y"]}])
    with pytest.raises(ValidationError, match="the key question belongs to texts of kind question"):
        reader(texts=[{"kind": "caption", "language": "zh", "question": "x"}])
