import re
from dataclasses import replace
from pathlib import Path

import pytest
from fake_store import HOSTILE, boxed, document, missing, picture, question, write_store
from huggingface_hub import DatasetCard

from doctorsun.data.missing import report_missing
from doctorsun.errors import DataError
from doctorsun.report.store import hub_readme, write_card
from doctorsun.report.strings import Language
from doctorsun.schema import Sample, Source, Variant
from doctorsun.storage.store import Store

MIXED = (
    boxed("a", picture(64, 48)),
    boxed("b", picture(64, 48), language="zh"),
    question("c", "Which?", "This.", missing("gone/1.png")),
    document("d", "A long story.", dataset="kvasir_seg", licence="Kvasir-SEG terms of use (research and education)"),
)


def card_of(folder: Path, *samples: Sample, language: Language = "en") -> tuple[str, str]:
    page, markdown = write_card(write_store(folder, *samples), language=language)
    return page.read_text(encoding="utf-8"), markdown.read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("</style>")[1]))


def test_the_page_says_what_the_store_holds(tmp_path: Path) -> None:
    text = words(card_of(tmp_path / "s", *MIXED)[0])
    for said in (
        "Strictest licence: non-commercial 1 sample, 25.0% of all samples",
        "Samples 4 English 75.0% · Chinese 25.0%",
        "Images 1 1 more is named but not here",
        "Data sets 2 2 licences",
        "Boxes 2 2 labels with boxes",
        "naming a region 2 50.0%",
        "fundi https://example.org/fundi CC-BY-4.0 attribution 3 3 2 1",
        "pulmonary nodule 2 1 box",
        "What is in [box 2]?",
        "1 sample lacks an image",
        "a file is missing lost: x.png 1 20.0%",
        "patients 1 studies 1 articles –",
    ):
        assert said in text, said


def test_the_chinese_page_is_chinese(tmp_path: Path) -> None:
    page = card_of(tmp_path / "s", *MIXED, language="zh")[0]
    text = words(page)
    assert '<html lang="zh-CN">' in page
    facts = ("最严格的许可: 非商业", "英文 75.0%", "区域识别 2 50.0%", "肺结节 2 1 框", "缺少文件 lost: x.png 1 20.0%")
    for said in facts:
        assert said in text, said


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    page = card_of(tmp_path / "s", *MIXED)[0]
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="([^"]{4})', page)) == {"data", "http"}
    assert re.findall(r'(?:src|href)="(http[^"]*)', page) == ["https://example.org/fundi"]
    assert 'rect class="named" x="3.0" y="3.0" width="6.0" height="6.0"' in page


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    source = Source(dataset=HOSTILE, url="javascript:alert(1)", licence=HOSTILE, split="train")
    hostile = replace(boxed("a", picture(8, 8)), source=source, task=HOSTILE, modality=HOSTILE, labels=(HOSTILE,))
    turns = question("a", HOSTILE, HOSTILE).messages
    page, markdown = card_of(
        tmp_path / "s", replace(hostile, messages=turns), question("b", "?", "!", missing(HOSTILE))
    )
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert max(map(len, re.findall(r"(?:long)+", words(page)))) <= 320
    assert "<script" not in re.sub(r"```json.*?```", "", markdown.replace(r"\<", ""), flags=re.DOTALL)
    assert "\n# |" not in markdown
    header = DatasetCard(markdown).data.to_dict()
    assert (header["license"], header["license_name"]) == ("other", "mixed")


def test_the_markdown_is_a_data_set_card_of_the_hub(tmp_path: Path) -> None:
    markdown = card_of(tmp_path / "s", *MIXED)[1]
    card = DatasetCard(markdown)
    assert card.data.to_dict() == {
        "pretty_name": "demo",
        "language": ["en", "zh"],
        "license": "other",
        "license_name": "mixed",
        "size_categories": ["n<1K"],
        "task_categories": ["visual-question-answering", "question-answering"],
        "tags": ["medical"],
    }
    english, chinese = card.text.index("## Composition"), card.text.index("## 构成")
    assert english < chinese
    assert "| fundi | CC-BY-4.0 | attribution | 3 | 3 | 2 | 1 | https://example.org/fundi |" in markdown
    assert '"root": "数据"' in markdown


def test_the_readme_of_an_export_names_its_files_and_says_where_it_is_a_part(tmp_path: Path) -> None:
    folder = write_store(tmp_path / "s", *MIXED)
    whole, part = (hub_readme(folder, num) for num in ({"train": 4}, {"train": 3}))
    head = DatasetCard(whole).data.to_dict()
    assert head["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}]
    assert {"license", "language", "size_categories", "task_categories"} < head.keys()
    assert "This folder holds part" not in whole
    assert "**This folder holds part of the store that the card tells of:** training 3" in part
    assert "训练 3" in part


def test_a_sample_is_shown_with_its_translation(tmp_path: Path) -> None:
    asked = question("en", "Which modality?", "Fundus photograph.", picture(9, 9))
    again = replace(
        question("zh", "这是哪种检查？", "眼底照片。", picture(9, 9)),
        language="zh",
        variant=Variant(of="en", kind="translation"),
    )
    page, markdown = card_of(tmp_path / "s", asked, again)
    assert '<dl lang="en">' in page
    assert '<dl class="translated" lang="zh">' in page
    assert "Which modality? Answer Fundus photograph. Question 这是哪种检查？ Answer 眼底照片。" in words(page)
    assert "Fundus photograph.\n\n> Question: 这是哪种检查？" in markdown


def test_the_markdown_is_the_same_in_both_languages(tmp_path: Path) -> None:
    assert card_of(tmp_path / "en", *MIXED)[1] == card_of(tmp_path / "zh", *MIXED, language="zh")[1]


@pytest.mark.parametrize(
    ("licence", "header"),
    [
        ("MIT", {"license": "mit"}),
        ("House rules", {"license": "other", "license_name": "House rules"}),
        ("", {"license": "other", "license_name": "unknown"}),
    ],
)
def test_the_licence_of_the_header_is_the_only_one_of_the_store(
    tmp_path: Path, licence: str, header: dict[str, str]
) -> None:
    facts = DatasetCard(card_of(tmp_path / "s", document("a", "x", licence=licence))[1]).data.to_dict()
    assert {key: value for key, value in facts.items() if "license" in key} == header


def test_an_empty_store_has_a_card(tmp_path: Path) -> None:
    page, markdown = card_of(tmp_path / "s")
    assert "This store holds no samples." in page
    assert DatasetCard(markdown).data.to_dict() == {"pretty_name": "demo", "size_categories": ["n<1K"]}


def test_a_store_of_words_says_so(tmp_path: Path) -> None:
    page, markdown = card_of(tmp_path / "s", document("a", "x"))
    assert "none: words only" in page
    assert "Image sizes" not in page
    assert "No sample carries a label." in page
    assert DatasetCard(markdown).data.to_dict()["task_categories"] == ["question-answering"]


def test_a_store_of_named_images_tells_their_paths_and_list(tmp_path: Path) -> None:
    folder = write_store(tmp_path / "s", question("a", "?", "!", missing("gone/1.png")))
    without = words(write_card(folder)[0].read_text(encoding="utf-8"))
    report_missing(Store(folder))
    text = words(write_card(folder)[0].read_text(encoding="utf-8"))
    assert "The image is not in the store gone/1.png" in text
    assert "1 sample lacks an image that it names (listed in missing_images.csv)" in text
    assert "missing_images.csv" not in without


def test_the_card_lies_where_it_is_asked_for(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s", *MIXED)
    assert write_card(store, tmp_path / "out" / "demo.html") == (tmp_path / "out/demo.html", tmp_path / "out/demo.md")
    assert not (store / "card.html").exists()


def test_another_ending_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the file of a card: got '.*card\.md', expected a name that ends in \.html"):
        write_card(tmp_path / "no store", tmp_path / "card.md")


def test_a_folder_that_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a store"):
        write_card(tmp_path)
    assert list(tmp_path.iterdir()) == []
