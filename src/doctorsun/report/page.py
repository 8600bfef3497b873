"""The page: one self-contained HTML file, filled from the summary by the templates beside it."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from doctorsun.eval.summary import SummaryRow
from doctorsun.report import formats, plots
from doctorsun.report.gallery import Exhibit, data_uri
from doctorsun.report.names import readable
from doctorsun.report.progress import StageProgress
from doctorsun.report.record import RunRecord
from doctorsun.report.scores import headline_rows, is_unproven, leading_rows, slice_tables, whole_rows
from doctorsun.report.strings import Language, translate, translate_number
from doctorsun.schema import Control

T = TypeVar("T")
TEMPLATES = Path(__file__).parent / "page"


def render_page(
    record: RunRecord,
    summary: dict[str, Any],
    rows: Sequence[SummaryRow],
    gallery: Sequence[Exhibit],
    language: Language,
) -> str:
    """Return the page as HTML; every text that comes from files is escaped."""
    environment = page_environment(language)
    whole, headlines = whole_rows(rows), headline_rows(rows)
    return environment.get_template("page.html.jinja").render(
        summary=summary,
        recipe=record.info.get("recipe", {}),
        stages=list(zip(record.progress.stages, summary["stages"], strict=True)),
        headlines=headlines,
        tiles=leading_rows(headlines),
        tables=[(task, [row for row in whole if row.task == task]) for task in _unique(row.task for row in whole)],
        marks=_unique(mark for row in whole for mark in row.controls),
        slices=slice_tables(rows),
        exhibits=gallery,
        **_functions(language),
    )


def page_environment(language: Language) -> Environment:
    """Return what fills the templates in one language: their folder, filters, words and bars."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = ("percent", "interval", "margin", "duration", "count", "whole", "size", "small", "moment")
    environment.filters.update({name: getattr(formats, name) for name in numbers})
    environment.filters.update(data_uri=data_uri, readable=partial(readable, language=language))
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": True}
    names: Any = environment.globals
    names.update(
        language=language,
        css=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704 (our own style sheet)
        t=partial(_words, language),
        tn=partial(_words_after, language),
        share_bar=_share_bar,
        stacked_bar=_stacked_bar,
    )
    return environment


def _functions(language: Language) -> dict[str, Any]:
    """Return the functions that the templates of a run call."""
    return {
        "unproven": is_unproven,
        "forest": partial(_forest, language),
        "loss_chart": partial(_loss_chart, language),
        "throughput_chart": partial(_throughput_chart, language),
        "mark_symbol": _mark_symbol,
    }


def _words(language: Language, *keys: str) -> str:
    return translate(".".join(keys), language)


def _words_after(language: Language, number: int, key: str) -> str:
    return translate_number(number, key, language)


def _forest(language: Language, row: SummaryRow) -> Markup:
    scores = [*([row.real] if row.real else []), *row.controls.values()]
    label = "; ".join(f"{translate(f'mark.{s.control}', language)} {formats.percent(s.value)}" for s in scores)
    return Markup(plots.interval_plot(scores, label=label))  # noqa: S704 (the label is escaped there)


def _loss_chart(language: Language, stage: StageProgress) -> Markup:
    label = f"{translate('loss', language)}: {stage.name}"
    chart = plots.line_chart(
        stage.series("loss"),
        dots=stage.validation,
        num_steps=stage.num_steps,
        label=label,
        format_y=formats.small,
    )
    return Markup(chart)  # noqa: S704 (the label is escaped there)


def _throughput_chart(language: Language, stage: StageProgress) -> Markup:
    label = f"{translate(f'throughput.{stage.targets}', language)}: {stage.name}"
    rates = stage.rate(stage.targets)
    chart = plots.line_chart(rates, num_steps=stage.num_steps, label=label, format_y=formats.count)
    return Markup(chart)  # noqa: S704 (the label is escaped there)


def _share_bar(share: float) -> Markup:
    return Markup(plots.share_bar(share))  # noqa: S704 (drawn from a number)


def _stacked_bar(shares: Sequence[float], label: str) -> Markup:
    return Markup(plots.stacked_bar(shares, label=label))  # noqa: S704 (the label is escaped there)


def _mark_symbol(mark: Control) -> Markup:
    return Markup(plots.mark_symbol(mark))  # noqa: S704 (one of five fixed drawings)


def _unique(values: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(values))
