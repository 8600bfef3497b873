"""The page: one self-contained HTML file, filled from the summary by the templates beside it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from doctorsun.eval.summary import SummaryRow
from doctorsun.report import formats, plots
from doctorsun.report.gallery import Exhibit, data_uri
from doctorsun.report.names import metric_name, readable
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
        tables=[(task, [row for row in whole if row.task == task]) for task in unique(row.task for row in whole)],
        marks=unique(mark for row in whole for mark in row.controls),
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
        metric_name=partial(metric_name, language=language),
        unproven=is_unproven,
        forest=partial(_forest, language),
        mark_symbol=_mark_symbol,
        share_bar=_share_bar,
        stacked_bar=_stacked_bar,
    )
    return environment


def _functions(language: Language) -> dict[str, Any]:
    """Return the functions that the templates of a run call."""
    return {
        "loss_chart": partial(_loss_chart, language),
        "small_charts": partial(_small_charts, language),
        "parted_charts": partial(_parted_charts, language),
        "curve_name": partial(_curve_name, language),
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
        best=stage.best_step,
        num_steps=stage.num_steps,
        label=label,
        format_y=formats.small,
    )
    return Markup(chart)  # noqa: S704 (the label is escaped there)


def _small_charts(language: Language, stage: StageProgress) -> list[tuple[str, str, Markup]]:
    """Return title, last or mean value, and curve of what is measured at every step beside the loss."""
    lr, mfu = stage.series("lr"), stage.series("mfu")
    rates = stage.rate(stage.targets)
    shown: list[tuple[str, str, list[plots.Point], plots.Format]] = [
        ("lr", formats.small(lr[-1][1] if lr else None), lr, formats.small),
        (f"throughput.{stage.targets}", formats.count(stage.mean_rate(stage.targets)), rates, formats.count),
        ("mfu", formats.percent(stage.mean("mfu")), mfu, formats.percent),
        *_reward_curves(stage),
    ]
    return [
        (key, value, _small_chart(language, stage, key, points, format_y))
        for key, value, points, format_y in shown
        if points
    ]


def _reward_curves(stage: StageProgress) -> Iterator[tuple[str, str, list[plots.Point], plots.Format]]:
    """Yield what a stage of preferences tells beside its loss, with the value of its last step."""
    for key, form in (("reward_accuracy", formats.percent), ("reward_margin", formats.small)):
        points = stage.series(key)
        yield key, form(points[-1][1] if points else None), points, form


def _small_chart(
    language: Language, stage: StageProgress, key: str, points: Sequence[plots.Point], format_y: plots.Format
) -> Markup:
    label = f"{translate(key, language)}: {stage.name}"
    chart = plots.line_chart(points, num_steps=stage.num_steps, label=label, format_y=format_y, is_small=True)
    return Markup(chart)  # noqa: S704 (the label is escaped there)


def _parted_charts(language: Language, stage: StageProgress) -> list[tuple[str, list[str], Markup]]:
    """Return title, names and curves of what is told apart: losses by source and language, scores at intervals."""
    shown: list[tuple[str, dict[str, list[plots.Point]], plots.Format]] = [
        *((key, stage.series_by(key), formats.small) for key in ("loss_by_source", "loss_by_language")),
        ("scores_at_intervals", stage.score_series(), formats.percent),
    ]
    return [
        (key, list(series), _lines_chart(language, stage, key, list(series.values()), format_y))
        for key, series, format_y in shown
        if len(series) > 1 or (series and key == "scores_at_intervals")
    ]


def _lines_chart(
    language: Language, stage: StageProgress, key: str, series: Sequence[Sequence[plots.Point]], format_y: plots.Format
) -> Markup:
    label = f"{translate(key, language)}: {stage.name}"
    is_smooth = key != "scores_at_intervals"
    chart = plots.lines_chart(series, num_steps=stage.num_steps, label=label, format_y=format_y, is_smooth=is_smooth)
    return Markup(chart)  # noqa: S704 (the label is escaped there)


def _curve_name(language: Language, key: str, name: str) -> str:
    """Return the name of a curve in words: a language, a source, or a score by task, kind, language and metric."""
    if key == "loss_by_language":
        return translate(f"language.{name}", language)
    task, *others = name.split("/")
    kinds = ("kind", "language", "metric")
    words = [translate(f"{kind}.{word}", language) for kind, word in zip(kinds, others, strict=False)]
    return " · ".join([task, *words])


def _share_bar(share: float) -> Markup:
    return Markup(plots.share_bar(share))  # noqa: S704 (drawn from a number)


def _stacked_bar(shares: Sequence[float], label: str) -> Markup:
    return Markup(plots.stacked_bar(shares, label=label))  # noqa: S704 (the label is escaped there)


def _mark_symbol(mark: Control) -> Markup:
    return Markup(plots.mark_symbol(mark))  # noqa: S704 (one of five fixed drawings)


def unique(values: Iterable[T]) -> list[T]:
    """Return each value once, in the order of their first places."""
    return list(dict.fromkeys(values))
