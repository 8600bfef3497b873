"""The page of an evaluation: one self-contained HTML file, filled by the templates that the run report shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from doctorsun.eval.summary import SummaryRow
from doctorsun.report.curves import reliability_plot, risk_plot
from doctorsun.report.evaluation.items import VERDICTS, Item
from doctorsun.report.evaluation.published import PublishedTable, published_tables
from doctorsun.report.evaluation.record import BY_ATTACK, EvaluationRecord, TaskRecord
from doctorsun.report.evaluation.told import told
from doctorsun.report.page import TEMPLATES, page_environment, unique
from doctorsun.report.scores import (
    CONTROLS,
    KINDS,
    SliceTable,
    headline_rows,
    house_rank,
    result_rows,
    slice_tables,
    whole_rows,
)
from doctorsun.report.strings import Language, translate
from doctorsun.schema import Score

MAX_PROMPT_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeView:
    """What the page shows of a model that judged answers: who it is, and its scores beside controls."""

    facts: Mapping[str, Any]
    rows: Sequence[SummaryRow]

    @property
    def marks(self) -> list[str]:
        """The controls that have scores."""
        return unique(mark for row in self.rows for mark in row.controls)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """What the page shows of one task.

    Attributes:
        attacks: how often each attack was followed, by its name.
        marks: the controls that have scores.
        leads: the headline of every protocol over all questions, beside a mean over types the plain accuracy.
        rows: every metric of every protocol over all questions.
        answered: one score per language, kind and protocol, for what it tells of the model's answers; of the answers
            under a control the first protocol alone.
        denominators: one score per language, for the questions of the task.
        num_questions: those of which ``items`` are some.
        shows_images: whether any question is about an image.
    """

    name: str
    facts: Mapping[str, Any]
    leakage: Mapping[str, Any]
    calibration: Mapping[str, Any]
    consistency: Mapping[str, Any]
    attacks: Sequence[tuple[str, Score]]
    margins: Sequence[Mapping[str, Any]]
    judges: Sequence[JudgeView]
    warnings: Sequence[str]
    tiles: Sequence[SummaryRow]
    marks: Sequence[str]
    leads: Sequence[SummaryRow]
    rows: Sequence[SummaryRow]
    headlines: Sequence[SummaryRow]
    slices: Sequence[SliceTable]
    answered: Sequence[Score]
    denominators: Sequence[Score]
    example_prompt: str
    published: Sequence[PublishedTable]
    items: Sequence[Item]
    num_questions: int
    shows_images: bool

    @property
    def verdicts(self) -> list[str]:
        """The verdicts of the items, right ones first."""
        return [word for word in VERDICTS if any(item.verdict == word for item in self.items)]

    @property
    def kinds(self) -> list[str]:
        """The kinds of question among the items."""
        return sorted({item.asked.kind for item in self.items})

    @property
    def languages(self) -> list[str]:
        """The languages of the items."""
        return sorted({item.asked.language for item in self.items})

    @property
    def lacks_controls(self) -> bool:
        """Whether questions are about images, and nothing tells what these add."""
        has_images = any(item.pictures for item in self.items) or bool(self.facts.get("missing_images"))
        return has_images and not self.marks

    @property
    def why_no_images(self) -> str:
        """The key of the words for why questions about images show none; empty where they do, or are about none."""
        if not self.shows_images or not self.facts.get("store") or any(item.pictures for item in self.items):
            return ""
        return "eval.items.missing_images" if self.facts.get("missing_images") else "eval.items.no_images"


def render_evaluation(record: EvaluationRecord, items: Mapping[str, Sequence[Item]], language: Language) -> str:
    """Return the page as HTML; every text that comes from files is escaped."""
    script = (TEMPLATES / "items.js").read_text(encoding="utf-8")
    template = page_environment(language).get_template("evaluation.html.jinja")
    return template.render(
        record=record,
        tasks=[view_task(task, items[task.name]) for task in record.tasks],
        script=Markup(script),  # noqa: S704 (our own script)
        reliability=partial(_reliability, language),
        risk_curve=partial(_risk_curve, language),
        told=partial(told, language=language),
    )


def view_task(task: TaskRecord, items: Sequence[Item]) -> TaskView:
    """Put together what the page shows of a task."""
    rows = task.rows()
    whole = by_protocol(whole_rows(rows))
    headlines = headline_rows(rows)
    prompts = (row.prompt for row in task.predictions if row.prompt)
    return TaskView(
        name=task.name,
        facts=task.facts,
        leakage=task.leakage,
        calibration=task.calibration,
        consistency=task.consistency,
        attacks=[(row.slice.removeprefix(BY_ATTACK), row) for row in task.injection if row.slice],
        margins=[row for row in task.margins.get("rows", ()) if row["p_holm"] is not None],
        judges=[_judge(facts) for facts in task.judges],
        warnings=[str(line) for line in task.facts.get("warnings", ())],
        tiles=[row for row in headlines if row.real is not None],
        marks=unique(mark for row in whole for mark in row.controls),
        leads=lead_of_each(whole),
        rows=whole,
        headlines=headlines,
        slices=slice_tables(rows),
        answered=_answered(task.scores),
        denominators=_denominators(task.scores),
        example_prompt=next(prompts, "")[:MAX_PROMPT_CHARACTERS],
        published=published_tables(task.name),
        items=items,
        num_questions=len({row.id for row in task.predictions}),
        shows_images=task.shows_images(),
    )


def by_protocol(rows: Sequence[SummaryRow]) -> list[SummaryRow]:
    """Put the metrics of one protocol together, the house protocol of a kind first."""
    kinds = unique(row.kind for row in rows)
    protocols = unique((row.kind, row.protocol) for row in rows)
    return sorted(
        rows, key=lambda row: (kinds.index(row.kind), row.language, protocols.index((row.kind, row.protocol)))
    )


def lead_of_each(rows: Sequence[SummaryRow]) -> list[SummaryRow]:
    """Return the headline of each protocol, kind and language, and the plain accuracy beside a mean over types."""
    first: dict[tuple[str, ...], str] = {}
    leads: list[SummaryRow] = []
    for row in rows:
        metric = first.setdefault((row.kind, row.language, row.protocol, row.model), row.metric)
        if row.metric == metric or (metric, row.metric) == ("macro_accuracy", "accuracy"):
            leads.append(row)
    return leads


def _judge(facts: Mapping[str, Any]) -> JudgeView:
    return JudgeView(facts=facts, rows=result_rows(Score(**row) for row in facts["scores"]))


def _reliability(language: Language, found: Mapping[str, Any], kind: str) -> Markup:
    bins = [(each["confidence"], each["accuracy"], each["n"]) for each in found["reliability"]]
    label, *axes = _words(language, "reliability", "confidence", "right")
    return Markup(reliability_plot(bins, label=f"{label}: {kind}", axes=(axes[0], axes[1])))  # noqa: S704 (escaped there)


def _risk_curve(language: Language, found: Mapping[str, Any], kind: str) -> Markup:
    """Draw risk over coverage; the dot is the threshold of the widest coverage that was found."""
    points = [(each["coverage"], each["risk"]) for each in found["risk_coverage"]]
    held = [(each["coverage"], each["risk"]) for each in found["abstention"] if each["risk"] is not None]
    label, *axes = _words(language, "risk", "coverage", "risk.axis")
    plot = risk_plot(points, chosen=max(held, default=None), label=f"{label}: {kind}", axes=(axes[0], axes[1]))
    return Markup(plot)  # noqa: S704 (escaped there)


def _words(language: Language, *keys: str) -> list[str]:
    return [translate(f"eval.calibration.{key}", language) for key in keys]


def _answered(scores: Sequence[Score]) -> list[Score]:
    order = {name: place for place, name in enumerate(("real", *CONTROLS))}
    first: dict[tuple[str, ...], Score] = {}
    for row in sorted(scores, key=lambda row: house_rank(row.kind, row.protocol)):
        if row.slice is None and row.control not in ("prior", "constant"):
            protocol = row.protocol if row.control == "real" else ""
            first.setdefault((row.control, row.language, row.kind, protocol), row)
    return sorted(first.values(), key=lambda row: (order[row.control], row.language, KINDS.index(row.kind)))


def _denominators(scores: Sequence[Score]) -> list[Score]:
    first: dict[str, Score] = {}
    for row in scores:
        if row.slice is None and row.control == "real" and row.num_rows:
            first.setdefault(row.language, row)
    return [first[language] for language in sorted(first)]
