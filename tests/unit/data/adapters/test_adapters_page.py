"""docs/adapters.md says what the code does: its example converts, and its tables hold every key and every adapter."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from carriers.pictures import grey, write_picture
from doctorsun.config.section import Section
from doctorsun.config.shape import alternatives
from doctorsun.data.adapters.adapter import Adapter
from doctorsun.data.adapters.load import SHIPPED, load_adapter, shipped_adapters
from doctorsun.data.adapters.reader import AdapterReader
from doctorsun.data.pipeline import read_into

PAGE = (Path(__file__).parents[4] / "docs/adapters.md").read_text(encoding="utf-8")
TITLES = {
    "Adapter": "The page",
    "FieldRule": "Rules",
    "SplitRule": "split",
    "NewTerm": "terms.NAME",
    "ClassFolders": "reader: class_folders",
    "MaskImages": "reader: mask_images",
    "MaskFiles": "masks",
    "Arrays": "reader: arrays",
    "ArrayLabels": "arrays: labels",
    "ArrayMasks": "arrays: masks",
    "Coco": "reader: coco",
    "Voc": "reader: voc",
    "Yolo": "reader: yolo",
    "Table": "reader: table",
    "Rows": "tables",
    "XmlRows": "xml",
    "Join": "joins",
    "LabelColumns": "table: labels",
    "ObjectColumns": "table: objects",
    "BoxForm": "form",
    "RowMask": "mask",
    "ObjectTable": "object_tables",
    "TextColumns": "texts",
    "DicomImages": "reader: dicom_images",
    "Slides": "reader: slides",
    "Videos": "reader: videos",
    "Volumes": "reader: volumes",
    "OfSomeCases": "volumes: where",
    "VolumeImage": "volumes: images",
    "VolumeMask": "volumes: masks",
    "SliceChoice": "slices",
    "DicomAnnotations": "dicom annotations",
    "DicomSegmentation": "reader: dicom_segmentation",
    "DicomStructures": "reader: dicom_rtstruct",
}


def part(title: str) -> str:
    """Return what stands under a title, up to the next one."""
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/adapters.md has no part '{title}'"
    return found[1]


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value) or "empty"
    return {"None": "none", "{}": "empty", "": "empty"}.get(str(value), str(value))


def sections_below(section: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return a section, those that it inherits keys from, and all below it, by name."""
    found = {each.__name__: each for each in section.__mro__ if issubclass(each, Section) and each is not Section}
    waiting: list[Any] = [field.annotation for field in section.model_fields.values()]
    while waiting:
        for each in alternatives(waiting.pop()):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= sections_below(each)
            else:
                waiting += getattr(each, "__args__", ())
    return found


SECTIONS = sections_below(Adapter)


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_of_an_adapter_stands_on_the_page_with_its_default(name: str) -> None:
    assert name in TITLES, f"give {name} a part of docs/adapters.md and name its title here"
    section = SECTIONS[name]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| (?:\\\||[^|])+ \|$", part(TITLES[name]), re.MULTILINE)
    own = {key: field for key, field in section.model_fields.items() if key in section.__annotations__}
    assert dict(rows) == {key: default_of(field) for key, field in own.items()}


def row_of(name: str) -> str:
    """Return the row of an adapter, all but its last column, which says in words what the licence asks for."""
    page = load_adapter(name)
    return f"| `{name}` | [{page.title}]({page.url}) | {page.task} | {' or '.join(page.licences())} |"


def test_every_shipped_adapter_stands_in_the_table_as_its_page_says() -> None:
    rows = re.findall(r"^(\| `.*\|) [^|]+ \|$", part("Shipped adapters"), re.MULTILINE)
    wanted = [row_of(name) for name in shipped_adapters()]
    missing, surplus = ("\n".join(sorted(set(a) - set(b))) for a, b in ((wanted, rows), (rows, wanted)))
    assert rows == wanted, f"docs/adapters.md, Shipped adapters: write\n{missing}\nand take out\n{surplus}"


def test_licences_of_a_rule_are_all_that_it_can_tell() -> None:
    assert load_adapter("isic_archive").licences() == ("CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0")
    assert load_adapter("pannuke").licences() == ("CC-BY-NC-SA-4.0",)


@pytest.mark.parametrize("name", shipped_adapters())
def test_a_shipped_page_says_where_it_comes_from_and_how_to_cite_it(name: str) -> None:
    page = load_adapter(name)
    assert (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")
    assert page.dataset == name
    assert page.citation


def test_the_example_converts_as_the_page_says(tmp_path: Path) -> None:
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    (tmp_path / "our_chest.yaml").write_text(blocks["yaml"], encoding="utf-8")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/reading.csv").write_text(blocks["csv"], encoding="utf-8")
    for seed, name in enumerate(("2021/a17", "2021/a18", "2022/b02")):
        write_picture(tmp_path / "raw/radiographs" / f"{name}.png", grey(seed))
    reader = AdapterReader(load_adapter(str(tmp_path / "our_chest.yaml")), tmp_path / "raw")
    store = read_into(tmp_path / "store", reader, name="x", step={}, on_progress=lambda _done, _total: None)
    images = {Path(sample.source.original_id).stem: sample for sample in store}
    assert {name: set(sample.labels) for name, sample in images.items()} == {
        "a17": {"effusion", "cardiomegaly"},
        "a18": {"effusion"},
        "b02": set(),
    }
    assert images["a17"].source.split == images["a18"].source.split
    assert any("右侧胸腔积液" in sample.messages[-1].content[0].text for sample in store)
