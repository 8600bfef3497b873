import re
from pathlib import Path

import doctorsun.report.page as page_module
from doctorsun.report.strings import STRINGS, translate


def test_every_text_has_both_languages() -> None:
    assert all(en.strip() and zh.strip() for en, zh in STRINGS.values())


def test_chinese_texts_are_chinese() -> None:
    same = {key for key, (en, zh) in STRINGS.items() if en == zh}
    names = {"rouge_l", "rougel", "rouge1", "rouge2", "bleu", "bleu4"}
    names |= {f"bleu{mark}{number}" for mark in ("", "_") for number in (1, 2, 3)}
    assert same == {"data.sha256", *(f"metric.{name}" for name in names)}


def test_templates_ask_only_for_texts_that_exist() -> None:
    templates = Path(page_module.__file__).parent / "page"
    asked = {
        key for path in templates.glob("*.jinja") for key in re.findall(r"\bt\('([\w.]+)'\)", path.read_text("utf-8"))
    }
    assert len(asked) > 40
    assert asked <= set(STRINGS)


def test_name_without_an_entry_stands_readably() -> None:
    assert translate("metric.new_metric", "zh") == "new metric"
