import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_run import fake_predictions, fake_samples, write_fake_run, write_info

from doctorsun.errors import DataError
from doctorsun.eval.predictions import write_predictions
from doctorsun.report.run import write_report
from doctorsun.report.strings import Language

VOID = {"meta", "br", "img", "input"}
SVG_EMPTY = {"line", "rect", "circle", "path", "image", "polyline"}


class Outline(HTMLParser):
    """Checks that every element is closed in order, and collects what the page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_is_one_closed_file_without_scripts_or_outside_addresses(finished_run: Path, language: str) -> None:
    page = write_report(finished_run, language=language).read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert "script" not in outline.names
    assert "link" not in outline.names
    assert outline.addresses
    assert all(address.startswith("data:image/") for address in outline.addresses)
    assert "url(" not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Prompt injection, attacks followed: not measured by a run"), ("zh", "提示注入攻击成功率：运行中不测量")],
)
def test_the_page_says_that_prompt_injection_was_not_measured(
    finished_run: Path, language: Language, words: str
) -> None:
    page = write_report(finished_run, language=language).read_text(encoding="utf-8")
    assert page.count(words) == 1


@pytest.mark.parametrize(
    ("language", "tokens", "labels"),
    [("en", "Supervised tokens per second", "Labels per second"), ("zh", "每秒监督词元数", "每秒标签数")],
)
def test_labels_are_not_called_tokens(begun_run: Path, language: Language, tokens: str, labels: str) -> None:
    lines = (begun_run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [line.replace("supervised_tokens", "labels") if '"pretrain"' in line else line for line in lines]
    (begun_run / "metrics.jsonl").write_text("\n".join(lines), encoding="utf-8")
    page = write_report(begun_run, language=language).read_text(encoding="utf-8")
    assert (page.count(f">{labels} <"), page.count(f">{tokens} <")) == (1, 3)
    assert f'aria-label="{labels}: pretrain"' in page
    stages = json.loads((begun_run / "report.json").read_text(encoding="utf-8"))["stages"]
    assert [each["labels_per_s"] is None for each in stages] == [False, True, True, True]
    assert [each["supervised_tokens_per_s"] is None for each in stages] == [True, False, False, False]


@pytest.mark.parametrize(
    ("language", "pairs", "accuracy"),
    [
        ("en", "Pairs of replies per second", "Pairs whose better reply is preferred"),
        ("zh", "每秒回复对数", "偏好正确的回复对比例"),
    ],
)
def test_a_stage_of_preferences_shows_its_rewards(
    begun_run: Path, language: Language, pairs: str, accuracy: str
) -> None:
    rewards = '"reward_accuracy": 0.75, "reward_margin": 1.5, "pairs"'
    lines = (begun_run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [line.replace('"supervised_tokens"', rewards) if '"pretrain"' in line else line for line in lines]
    (begun_run / "metrics.jsonl").write_text("\n".join(lines), encoding="utf-8")
    page = write_report(begun_run, language=language).read_text(encoding="utf-8")
    assert (page.count(f">{pairs} <"), page.count(f">{accuracy} <b>75.0%<")) == (1, 1)
    first, *others = json.loads((begun_run / "report.json").read_text(encoding="utf-8"))["stages"]
    assert (first["reward_accuracy"], first["reward_margin"]) == (0.75, 1.5)
    assert first["pairs_per_s"] > 0
    assert not any("reward_margin" in each or each["pairs_per_s"] for each in others)


def test_finished_page_shows_scores_gallery_curves_data_and_machine(finished_run: Path) -> None:
    page = write_report(finished_run).read_text(encoding="utf-8")
    for text in (
        "86.0%",  # the headline score
        "+33.0",  # its margin
        "side · pulmonary nodule",  # a question type without proof
        "unproven",
        "Is there a nodule in the right lung?",
        "1 · pretrain",
        "phantom/train",
        "truncated image",
        "Intel Xeon Platinum 8481C",
        "AMX tiles are there",
        "2.13.0",
        "For research use only",
    ):
        assert text in page, text
    assert page.count("<figure") == 12
    assert 'http-equiv="refresh"' not in page


def test_chinese_page_speaks_chinese(finished_run: Path) -> None:
    page = write_report(finished_run, language="zh").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    for text in ("评测结果", "仅供研究使用", "侧别 · 肺结节", "胸部X线片", "未证实"):
        assert text in page, text
    assert "Held-out" not in page


def test_report_json_holds_the_scores_and_what_the_page_shows(finished_run: Path) -> None:
    write_report(finished_run)
    report = json.loads((finished_run / "report.json").read_text(encoding="utf-8"))
    scores = json.loads((finished_run / "eval/phantom/scores.json").read_text(encoding="utf-8"))
    assert report["scores"] == scores["scores"]
    assert report["recipe_name"] == "tiny"
    assert [stage["name"] for stage in report["stages"]] == ["pretrain", "align", "deep-align", "instruct"]
    assert report["data"]["stores"][1]["dropped_reasons"] == {"truncated_image": 9, "blank_image": 3}
    assert len(report["gallery"]) == 12
    assert "data:image" not in json.dumps(report)


def test_writing_again_gives_the_same_bytes(finished_run: Path) -> None:
    first = write_report(finished_run).read_bytes()
    assert write_report(finished_run).read_bytes() == first


def test_running_page_renews_itself_and_says_what_is_not_there_yet(begun_run: Path) -> None:
    with (begun_run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"event": "step", "stage": "inst')
    page = write_report(begun_run).read_text(encoding="utf-8")
    assert '<meta http-equiv="refresh" content="15">' in page
    assert "instruct, step 8 of 12" in page
    assert page.count("Not yet.") == 2  # results and gallery
    assert page.index('id="training"') < page.index('id="results"')
    assert "cut short" not in page


def test_page_of_a_run_that_has_only_begun(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"recipe_name": "tiny"}', encoding="utf-8")
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert page.count("Not yet.") == 4


def test_text_from_files_is_escaped(tmp_path: Path) -> None:
    bad = "<script>alert('x')</script><b onclick=\"y\">"
    run = write_fake_run(tmp_path / "tiny", num_steps=4, num_images=3)
    samples = list(fake_samples(3))
    rows = [row for row in fake_predictions(samples) if row.image_control == "real"]
    hostile = [replace(row, output=bad, question=bad, modality=bad) for row in rows]
    write_predictions(run / "eval/phantom/predictions.parquet", hostile)
    write_info(run, recipe_name=bad, machine={"cpu": bad}, versions={bad: bad}, recipe={bad: bad}, git_commit=bad)
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"event": "stage_start", "stage": bad, "num_steps": 1, "mixture": {bad: 1.0}}) + "\n")
        file.write(json.dumps({"event": "step", "stage": bad, "step": 1, "loss": 1.0, "step_s": 1.0}) + "\n")
    page = write_report(run).read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"<b [^>]*onclick", page)
    assert page.count("&lt;script&gt;") > 8


def test_unreadable_predictions_stop_with_a_clear_error_and_write_nothing(tmp_path: Path) -> None:
    run = write_fake_run(tmp_path / "tiny", num_steps=4, num_images=3)
    path = run / "eval/phantom/predictions.parquet"
    path.write_bytes(b"no Parquet")
    with pytest.raises(DataError, match=r"predictions .*predictions\.parquet: got .*expected a readable Parquet file"):
        write_report(run)
    assert not (run / "report.html").exists()
