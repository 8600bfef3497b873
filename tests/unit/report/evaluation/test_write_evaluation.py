import json
import math
import random
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fake_evaluation import write_answers

from doctorsun.errors import RecipeError
from doctorsun.eval.calibration import calibrate
from doctorsun.eval.choices import Choice
from doctorsun.eval.consistency import consistency, rotation_consistency
from doctorsun.eval.judging import agreements, judge_scores
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import score, write_scores
from doctorsun.report.evaluation.page import view_task
from doctorsun.report.evaluation.record import read_evaluation
from doctorsun.report.evaluation.write import write_evaluation_report
from doctorsun.report.folder import write_folder_report
from doctorsun.report.strings import Language
from doctorsun.storage.store import Store, StoreWriter

VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Checks that every element is closed in order, and collects addresses and the attributes of items."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.items: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        if "data-verdict" in dict(attrs):
            self.items.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(folder: Path, language: Language = "en") -> str:
    return write_evaluation_report(folder, language=language).read_text(encoding="utf-8")


def rows_of(evaluation: Path) -> list:
    return read_predictions(evaluation / "phantom/predictions.parquet")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_one_closed_file_that_asks_for_nothing(evaluation: Path, language: Language) -> None:
    page = page_of(evaluation, language)
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.names.count("script") == 1
    assert "link" not in outline.names
    assert outline.addresses
    assert all(address.startswith(("data:image/", "#")) for address in outline.addresses)
    assert len(outline.items) == 48
    assert {each["data-verdict"] for each in outline.items} >= {"right", "wrong"}
    assert ("仅供研究使用" in page) == (language == "zh")


def test_the_summary_holds_all_scores_and_the_verdict_of_each_item(evaluation: Path) -> None:
    page_of(evaluation)
    summary = json.loads((evaluation / "report.json").read_text(encoding="utf-8"))
    scores = json.loads((evaluation / "phantom/scores.json").read_text(encoding="utf-8"))["scores"]
    assert summary["scores"] == scores
    (task,) = summary["tasks"]
    assert (task["task"], task["num_questions"], len(task["items"])) == ("phantom", 48, 48)
    assert task["items"][0]["verdicts"]["blank"]


def test_nothing_is_wider_than_a_telephone(evaluation: Path) -> None:
    page = page_of(evaluation)
    assert page.count("<table") == page.count('<div class="scroll"><table') > 3
    style = page[: page.index("</style>")]
    narrow = style[style.index("max-width: 640px") :]
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", style)
    assert ".tiles { grid-template-columns: repeat(2, minmax(0, 1fr))" in narrow


def test_on_a_telephone_each_number_of_a_score_stands_below_its_name_without_scrolling(evaluation: Path) -> None:
    page = page_of(evaluation, "zh")
    style = page[: page.index("</style>")]
    assert ".scores tr { display: flex; flex-wrap: wrap;" in style[style.index("max-width: 640px") :]
    row = page[page.index('<tr class="headline">') :]
    for label in ("题数", "模型", "95% 置信区间", "空白", "差值"):
        assert f'data-label="{label}"' in row[: row.index("</tr>")], label


def test_a_share_that_is_not_zero_is_not_written_as_zero(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    scores = read_evaluation(tmp_path).tasks[0].scores
    assert "&lt;0.1%" not in page_of(tmp_path)
    write_scores(tmp_path / "phantom/scores.json", [replace(row, n=5000, num_truncated=1) for row in scores])
    assert '<td class="num unproven">&lt;0.1%</td>' in page_of(tmp_path)


def test_failed_answers_of_a_control_are_a_share_of_all_that_it_was_asked(evaluation: Path, tmp_path: Path) -> None:
    rows = [row for row in rows_of(evaluation) if row.kind == "closed" and row.language == "en"]
    blank = [place for place, row in enumerate(rows) if row.image_control == "blank"]
    for place in blank[: len(blank) // 2]:
        rows[place] = replace(rows[place], status="error")
    write_answers(tmp_path / "phantom", rows)
    assert '<td class="num unproven">50.0%</td>' in page_of(tmp_path)


def test_texts_from_files_are_escaped(evaluation: Path, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    rows = [replace(row, question=evil, output=evil, model=evil, prompt=evil) for row in rows_of(evaluation)]
    write_answers(tmp_path / "phantom", rows)
    (tmp_path / "phantom/task.json").write_text(
        json.dumps({"title": evil, "warnings": [evil], "licence": evil, evil: evil}), encoding="utf-8"
    )
    page = page_of(tmp_path)
    assert "alert(1)" in page
    assert evil not in page


def test_warnings_stand_before_the_scores(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    (tmp_path / "phantom/task.json").write_text(json.dumps({"warnings": ["450 rows, not 451"]}), encoding="utf-8")
    page = page_of(tmp_path)
    assert page.index("450 rows, not 451") < page.index('class="tiles"')


GONE, MISSING = "The store with the images is no longer where it was", "The images were missing when"


@pytest.mark.parametrize(
    ("facts", "said", "shown"),
    [
        ({"shows_images": False}, "", "Text"),
        ({"shows_images": True, "missing_images": ["1.png"]}, MISSING, "True image"),
        ({"shows_images": True, "missing_images": []}, GONE, "True image"),
        ({}, GONE, "True image"),
    ],
)
def test_why_no_image_is_shown(evaluation: Path, tmp_path: Path, facts: dict[str, Any], said: str, shown: str) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    facts = {**facts, "store": str(tmp_path / "gone")}
    (tmp_path / "phantom/task.json").write_text(json.dumps(facts), encoding="utf-8")
    page = page_of(tmp_path)
    assert [words for words in (GONE, MISSING) if words in page] == ([said] if said else [])
    assert f"<tr><td>{shown}</td>" in page


def test_a_store_without_images_tells_that_questions_are_text(evaluation: Path, tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "phantom/store", name="phantom", step={"read": "phantom"}) as store:
        for sample in Store(evaluation / "phantom/store").without_images():
            store.add([replace(sample, images=())])
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    assert "<tr><td>Text</td>" in page_of(tmp_path)
    assert "<tr><td>True image</td>" in page_of(evaluation)


@pytest.mark.parametrize(("language", "words"), [("en", "validation split"), ("zh", "验证集")])
def test_the_headline_tells_the_split(evaluation: Path, tmp_path: Path, language: Language, words: str) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    (tmp_path / "phantom/task.json").write_text(json.dumps({"title": "P", "split": "validation"}), encoding="utf-8")
    (headline,) = re.findall(r"<h2>P.*?</h2>", page_of(tmp_path, language))
    assert words in headline


def test_without_controls_the_page_says_so_where_there_are_images(evaluation: Path, tmp_path: Path) -> None:
    folder = tmp_path / "phantom"
    write_answers(folder, [row for row in rows_of(evaluation) if row.image_control == "real"])
    assert "No control was run" not in page_of(tmp_path)
    (folder / "task.json").write_text(json.dumps({"store": str(evaluation / "phantom/store")}), encoding="utf-8")
    assert "No control was run" in page_of(tmp_path)
    assert "No control was run" not in page_of(evaluation)


def test_published_scores_stand_apart_from_ours(evaluation: Path, tmp_path: Path) -> None:
    rows = [replace(row, task="vqa_rad") for row in rows_of(evaluation)]
    write_answers(tmp_path / "vqa_rad", rows)
    page = page_of(tmp_path)
    ours = re.findall(r'<table class="scores">.*?</table>', page, re.DOTALL)
    assert ours
    assert not any("Lingshu" in table for table in ours)
    assert page.index("never ranked with ours") < page.index("Lingshu-32B")


def test_a_folder_is_reported_as_what_it_is(evaluation: Path, finished_run: Path, tmp_path: Path) -> None:
    assert "Evaluation report" in write_folder_report(evaluation).read_text(encoding="utf-8")
    assert "Run report" in write_folder_report(finished_run).read_text(encoding="utf-8")
    with pytest.raises(RecipeError, match=r"a folder without run\.json"):
        write_folder_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_files_hashes_and_denominators_are_shown(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    facts = {
        "files": [{"name": "testset.json", "size_bytes": 2048, "sha256": "ab" * 32}],
        "rows": 451,
        "kinds": {"closed": 272, "open": 179},
        "missing_images": ["a.png", "b.png"],
        "instructions": {"en": {"closed": "Answer yes or no."}},
        "notes": ["All images also occur in training."],
    }
    (tmp_path / "phantom/task.json").write_text(json.dumps(facts), encoding="utf-8")
    page = page_of(tmp_path)
    for words in ("ab" * 32, "2 KiB", "451 · Closed 272 · Open 179", "Answer yes or no.", "also occur in training"):
        assert words in re.sub(r"2\.0 KiB", "2 KiB", page)


def test_leakage_says_what_is_clean(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    counts = {"clean": 40, "near": 3, "exact": 5}
    leakage = {
        "stores": [{"name": "phantom/train", "sha256": "cd" * 32, "samples": 800}],
        "num_questions": 48,
        "num_clean": 39,
        "num_pairs": 2,
        "images": counts,
        "questions": counts,
        "seen": [],
    }
    (tmp_path / "phantom/leakage.json").write_text(json.dumps(leakage), encoding="utf-8")
    page = page_of(tmp_path)
    assert "39 of 48" in page
    assert "clean 40 · near 3 · exact 5" in page
    (tmp_path / "phantom/leakage.json").write_text(json.dumps(leakage | {"stores": []}), encoding="utf-8")
    assert "No training data was looked through." in page_of(tmp_path)


def test_calibration_has_its_curves_and_what_was_left_out(evaluation: Path, tmp_path: Path) -> None:
    write_answers(tmp_path / "phantom", rows_of(evaluation))
    rng = random.Random(2)
    margins = [rng.gauss(0, 2) for _ in range(300)]
    choices = [
        Choice(f"q{number}", f"image{number // 3}", (0.0, -margin), int(rng.random() > 1 / (1 + math.exp(-margin))))
        for number, margin in enumerate(margins)
    ]
    found = asdict(calibrate(choices))
    content = {"version": 1, "kinds": {"closed": found}, "left_out": {"mcq": "mcq: <too few> images"}}
    (tmp_path / "phantom/calibration.json").write_text(json.dumps(content), encoding="utf-8")
    page = page_of(tmp_path)
    assert page.count('<svg class="square"') == 2
    assert f"{found['num_measured']} questions measured" in page
    assert "mcq: &lt;too few&gt; images" in page
    unheld = sum(each["threshold"] is None for each in found["abstention"])
    assert unheld
    assert page.count("no threshold holds this") == unheld
    assert "at the bound of the search" not in page
    content["kinds"]["closed"]["at_bound"] = True
    (tmp_path / "phantom/calibration.json").write_text(json.dumps(content), encoding="utf-8")
    assert "at the bound of the search" in page_of(tmp_path)


def test_what_was_asked_again_is_compared(evaluation: Path, tmp_path: Path) -> None:
    rows = rows_of(evaluation)
    asked = [row for row in rows if row.image_control == "real" and row.kind in ("closed", "mcq")]
    again = [replace(row, id=f"{row.id}/p", variant_of=row.id, variant_kind="paraphrase") for row in asked]
    choice = next(row for row in asked if row.kind == "mcq")
    turned = [
        replace(choice, id=f"{choice.id}/r{step}", variant_of=choice.id, variant_kind="rotation")
        for step in range(1, len(choice.options))
    ]
    found = [*asked, *again, *turned]
    write_answers(tmp_path / "phantom", rows)
    content = {
        "pairs": [asdict(each) for each in consistency(found)],
        "rotations": [asdict(each) for each in rotation_consistency(found)],
    }
    (tmp_path / "phantom/consistency.json").write_text(json.dumps(content), encoding="utf-8")
    page = page_of(tmp_path)
    assert page.count("In other words") == len({(row.kind, row.language) for row in again})
    assert page.count("Options moved") == 1
    assert "How often each letter is chosen" in page
    assert "Asked again" not in page_of(evaluation)


def test_the_house_protocol_gives_the_headline_and_others_stand_beside_it(evaluation: Path, tmp_path: Path) -> None:
    rows = [row for row in rows_of(evaluation) if row.kind == "open"]
    folder = tmp_path / "phantom"
    write_answers(folder, rows)
    write_scores(folder / "scores.json", score(rows, protocols=("llava_med@1", "open_tokens@1")))
    view = view_task(read_evaluation(tmp_path).tasks[0], [])
    assert {row.protocol for row in view.tiles} == {"open_tokens@1"}
    assert [(row.language, row.protocol, row.metric) for row in view.leads] == [
        (language, *headline)
        for language in ("en", "zh")
        for headline in (("open_tokens@1", "f1"), ("llava_med@1", "recall"))
    ]
    assert len(view.rows) > len(view.leads)
    shown = {(row.control, row.protocol) for row in view.answered}
    assert shown == {("real", "open_tokens@1"), ("real", "llava_med@1"), ("blank", "open_tokens@1")}


def test_plain_accuracy_stands_beside_the_mean_over_types_and_kits_have_their_own(
    evaluation: Path, tmp_path: Path
) -> None:
    rows = [row for row in rows_of(evaluation) if row.kind == "closed" and row.language == "en"]
    write_answers(tmp_path / "phantom", rows)
    write_scores(tmp_path / "phantom/scores.json", score(rows, protocols=("llava_med@1", "polarity@2")))
    view = view_task(read_evaluation(tmp_path).tasks[0], [])
    assert [(row.protocol, row.metric) for row in view.leads] == [
        ("polarity@2", "macro_accuracy"),
        ("polarity@2", "accuracy"),
        ("llava_med@1", "accuracy"),
    ]
    parts = re.findall(r'<table class="slices">.*?</table>', page_of(tmp_path), re.DOTALL)
    assert parts
    assert all("accuracy · polarity@2</small>" in table and "llava_med" not in table for table in parts)


def test_a_judge_stands_apart_from_the_rules_with_its_agreement(evaluation: Path, tmp_path: Path) -> None:
    rows = [row for row in rows_of(evaluation) if row.kind == "open"]
    write_answers(tmp_path / "phantom", rows)
    verdicts = {place: row.output == row.gold[0] for place, row in enumerate(rows)}
    agreement = agreements(rows, verdicts)
    content = {
        "judge": "<big> judge",
        "prompt_sha256": "ef" * 32,
        "scores": [asdict(row) for row in judge_scores(rows, verdicts, "judge:big@1")],
        "agreements": [asdict(each) for each in agreement],
        "num_missing": 3,
    }
    (tmp_path / "phantom/judge-big.json").write_text(json.dumps(content), encoding="utf-8")
    page = page_of(tmp_path)
    rules, _, judged = page.partition("Judged by a model")
    assert "&lt;big&gt; judge" not in rules
    for words in ("&lt;big&gt; judge", "ef" * 32, "3 answers without a verdict", agreement[0].rule):
        assert words in judged
    assert "Judged by a model" not in page_of(evaluation)
