"""The comparison of two evaluations: their answers found, paired and tested, and the result written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from doctorsun.errors import DataError, RecipeError
from doctorsun.eval.comparison import Comparison, compare
from doctorsun.eval.pairing import Side
from doctorsun.eval.predictions import read_predictions
from doctorsun.eval.scoring import read_scores
from doctorsun.schema import Prediction
from doctorsun.storage.atomic import sha256_file, write_json, write_text

NOTES = (
    "difference: the second model minus the first, on the same questions; its interval draws images again.",
    "p: the larger of the exact McNemar test (right and wrong) and the test clustered by image.",
    "p_holm: p corrected by Holm for every headline of this comparison; different where it is below 0.05.",
    "detectable: the smallest difference that such a set of questions shows with a power of 80 %.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedEvaluations:
    """Two evaluations side by side.

    Attributes:
        rows: the comparison of each metric.
        remarks: tasks that only one of the two was asked, and protocols that only one was scored by.
        files: SHA-256 of each file of answers.
    """

    one: str
    other: str
    rows: tuple[Comparison, ...]
    remarks: tuple[str, ...]
    files: Mapping[str, str]


def compare_evaluations(one: Path, other: Path, protocols: Sequence[str] = ()) -> ComparedEvaluations:
    """Compare the answers of two runs, two evaluation folders or two files of predictions.

    Args:
        one: a run, the folder of an evaluation, the folder of one task in it, or a ``predictions.parquet``.
        other: likewise.
        protocols: names to judge by; those of the scores beside the answers when not given.

    Raises:
        DataError: no task is common, or the two cannot be paired (the message says why).
        RecipeError: there are no answers, the two are one place, or a protocol of such a name does not exist.
    """
    if one.resolve() == other.resolve():
        raise RecipeError(f"comparison of {one}", got="the same place twice", expected="two evaluations")
    first, second = _sides(one), _sides(other)
    common = [task for task in first if task in second]
    if not common:
        raise DataError(
            f"{one} and {other} share no task",
            got=f"{', '.join(first)} and {', '.join(second)}",
            expected="at least one task that both were asked",
        )
    names = _names(one, other, *(next(iter(sides.values())) for sides in (first, second)))
    sides = [
        tuple(
            Side(name=name, predictions=side.predictions, protocols=side.protocols)
            for name, side in zip(names, (first[task], second[task]), strict=True)
        )
        for task in common
    ]
    remarks = [f"task {task}: only {names[0]} was asked" for task in first if task not in second]
    remarks += [f"task {task}: only {names[1]} was asked" for task in second if task not in first]
    remarks += [line for pair in sides for line in _other_protocols(pair[0], pair[1])] if not protocols else []
    return ComparedEvaluations(
        one=names[0],
        other=names[1],
        rows=tuple(compare([(pair[0], pair[1]) for pair in sides], protocols)),
        remarks=tuple(remarks),
        files={str(path): sha256_file(path) for folder in (one, other) for path in answer_files(folder)},
    )


def answer_files(place: Path) -> list[Path]:
    """Return the files of answers that a run, an evaluation, a task's folder or a file holds.

    Raises:
        RecipeError: there are none.
    """
    if place.is_file():
        return [place]
    folder = place / "eval" if (place / "run.json").is_file() else place
    alone = folder / "predictions.parquet"
    found = [alone] if alone.is_file() else sorted(folder.glob("*/predictions.parquet"))
    if not found:
        raise RecipeError(
            f"{place}", got="no predictions.parquet", expected="a run or an evaluation that has answers", do="check it"
        )
    return found


def write_comparison(compared: ComparedEvaluations, folder: Path) -> Path:
    """Write ``comparison.json`` and ``comparison.md``; return the first."""
    path = folder / "comparison.json"
    write_json(path, {**asdict(compared), "notes": list(NOTES)})
    write_text(folder / "comparison.md", comparison_markdown(compared))
    return path


def comparison_markdown(compared: ComparedEvaluations) -> str:
    """Return the comparison as a page of Markdown: the headlines first, then every metric."""
    headlines = [row for row in compared.rows if row.p_holm is not None]
    parts = [f"# {compared.one} and {compared.other}", "## Headlines", _table(headlines), "## All metrics"]
    lists = ["\n".join(f"- {line}" for line in lines) for lines in (NOTES, compared.remarks) if lines]
    return "\n\n".join([*parts, _table(compared.rows), *lists]) + "\n"


def table_row(row: Comparison) -> dict[str, str | int]:
    """Return the cells of one line of the table."""
    verdict = {None: "", True: "different", False: "not shown"}[row.is_different]
    return {
        "task": row.task,
        "lang": row.language,
        "kind": row.kind,
        "protocol": row.protocol,
        "metric": row.metric,
        row.one: f"{row.value_one:.4f}",
        row.other: f"{row.value_other:.4f}",
        "difference": f"{row.difference:+.4f}",
        "95 %": f"{row.low:+.3f} to {row.high:+.3f}",
        "n": row.n,
        "images": row.num_clusters,
        "only one right": "" if row.only_one is None else f"{row.only_one} / {row.only_other}",
        "p": f"{row.p:.4f}",
        "p_holm": "" if row.p_holm is None else f"{row.p_holm:.4f}",
        "detectable": f"{row.detectable:.3f}",
        "verdict": verdict,
    }


def _table(rows: Sequence[Comparison]) -> str:
    cells = [table_row(row) for row in rows]
    head = list(cells[0])
    lines = [head, ["---"] * len(head), *([str(value) for value in row.values()] for row in cells)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _sides(place: Path) -> dict[str, Side]:
    """Return the answers at a place by task, with the protocols that they were scored by."""
    rows: dict[str, list[Prediction]] = defaultdict(list)
    protocols: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for path in answer_files(place):
        for row in read_predictions(path):
            rows[row.task].append(row)
        scores = path.with_name("scores.json")
        for score in read_scores(scores) if scores.is_file() else ():
            known = protocols[score.task].get(score.kind, ())
            protocols[score.task][score.kind] = tuple(dict.fromkeys((*known, score.protocol)))
    return {
        task: Side(name=_only_model(answers, f"{place}, task {task}"), predictions=answers, protocols=protocols[task])
        for task, answers in rows.items()
    }


def _other_protocols(one: Side, other: Side) -> list[str]:
    """Return a line for each kind of question of which one side has scores by further protocols."""
    lines: list[str] = []
    for side, against in ((one, other), (other, one)):
        for kind, names in side.protocols.items():
            alone = [name for name in names if against.protocols.get(kind) and name not in against.protocols[kind]]
            if alone:
                task = side.predictions[0].task
                lines.append(f"task {task}, {kind}: only {side.name} is scored by {', '.join(alone)}; not compared")
    return lines


def _only_model(answers: Sequence[Prediction], what: str) -> str:
    models = sorted({row.model for row in answers})
    if len(models) > 1:
        raise DataError(what, got=f"answers of {', '.join(models)}", expected="answers of one model")
    return models[0]


def _names(one: Path, other: Path, first: Side, second: Side) -> tuple[str, str]:
    """Return what the two are called: by model, where that tells them apart, else by where they lie."""
    if first.name and second.name and first.name != second.name:
        return first.name, second.name
    if one.name != other.name:
        return one.name, other.name
    return str(one), str(other)
