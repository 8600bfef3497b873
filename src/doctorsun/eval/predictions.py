"""Predictions on disk: one column per field; a few columns suffice, so that any system's answers score."""

import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from string import ascii_uppercase
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from doctorsun.errors import DataError
from doctorsun.eval.prediction_rows import rows_of
from doctorsun.schema import AnswerKind, ImageControl, Prediction, PredictionStatus
from doctorsun.storage.atomic import write_bytes

KEY = "key"

_TEXTS = pa.list_(pa.string())
_ARROW_TYPES: dict[Any, pa.DataType] = {
    tuple[str, ...]: _TEXTS,
    tuple[float, ...]: pa.list_(pa.float64()),
    int: pa.int64(),
    bool: pa.bool_(),
}
_FIELDS = fields(Prediction)
_REQUIRED = tuple(field.name for field in _FIELDS if field.default is MISSING)
_TUPLES = tuple(field.name for field in _FIELDS if _ARROW_TYPES.get(field.type) not in (None, pa.int64(), pa.bool_()))
_NUMBERS = ("option_logprobs",)
_TRUTHS = {"true": True, "false": False}
_EXPECTED = {"option_logprobs": "a list of numbers", "num_tokens": "a whole number", "truncated": "true or false"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "language": ("zh", "en", "mixed"),
    "kind": get_args(AnswerKind),
    "status": get_args(PredictionStatus),
    "image_control": get_args(ImageControl),
}
SCHEMA = pa.schema([(field.name, _ARROW_TYPES.get(field.type, pa.string())) for field in _FIELDS])


def write_predictions(path: Path, predictions: Sequence[Prediction], keys: Sequence[str] | None = None) -> None:
    """Write predictions atomically, with a column of their keys where these are given."""
    columns = {name: [_cell(getattr(row, name)) for row in predictions] for name in SCHEMA.names}
    table = pa.table(columns, schema=SCHEMA)
    if keys is not None:
        table = table.append_column(KEY, pa.array(keys, type=pa.string()))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def read_predictions(path: Path) -> list[Prediction]:
    """Read predictions; columns beyond ``status`` may be missing, and columns of no meaning here are left alone.

    A missing answer (null output) is an empty one. Gold and options may be plain text where there is only one; the
    gold of ``mcq_multi`` may be one text of letters, such as ``ACD`` or ``A,C``.

    Args:
        path: a Parquet file, JSON lines or CSV, whose lists are JSON.

    Raises:
        RecipeError: there is no such file, or its name ends otherwise.
        DataError: the file cannot be read, lacks a required column, or a row has no value or a wrong one.
    """
    return [row for row, _ in read_keyed_predictions(path)]


def read_keyed_predictions(path: Path) -> list[tuple[Prediction, str]]:
    """Read predictions with their keys, empty where the file has none; see read_predictions."""
    columns, rows = rows_of(path)
    if not columns:
        raise DataError(f"predictions {path}", got="an empty file", expected="a row for each answer")
    missing = [name for name in _REQUIRED if name not in columns]
    if missing:
        raise DataError(
            f"predictions {path}",
            got="columns " + ", ".join(columns),
            expected="also " + ", ".join(missing),
            do="add the missing columns",
        )
    known = {*SCHEMA.names, KEY}
    wanted = ({name: value for name, value in row.items() if name in known} for row in rows)
    found = [_prediction(row, f"{path}, row {number}") for number, row in enumerate(wanted, start=1)]
    _require_one_answer_each(path, [row for row, _ in found])
    return found


def _cell(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _prediction(row: dict[str, Any], place: str) -> tuple[Prediction, str]:
    key = row.pop(KEY, None) or ""
    if row.get("kind") == "mcq_multi" and isinstance(row.get("gold"), str):
        row["gold"] = _letters(row["gold"], place)
    values = {name: _value(name, value, place) for name, value in row.items() if value is not None}
    values.setdefault("output", "")
    values.setdefault("options", ())
    missing = [name for name in _REQUIRED if name not in values]
    if missing:
        raise DataError(place, got="null in " + ", ".join(missing), expected="a value")
    prediction = Prediction(**values)
    _require_offered(prediction, place)
    _require_all_likelihoods(prediction, place)
    return prediction, key


def _require_one_answer_each(path: Path, rows: Sequence[Prediction]) -> None:
    first: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows, start=1):
        before = first.setdefault((row.task, row.model, row.id, row.image_control), number)
        if before != number:
            raise DataError(
                f"{path}, row {number}",
                got=f"a second answer to question {row.id} of task {row.task} (control {row.image_control})",
                expected=f"one, and row {before} is one",
                do="remove one of the two, or tell several models apart in the column model",
            )


def _require_all_likelihoods(row: Prediction, place: str) -> None:
    num_options = len(row.options) or (2 if row.kind == "closed" else 0)
    if row.kind in ("closed", "mcq") and len(row.option_logprobs) not in (0, num_options):
        raise DataError(
            f"{place}, column option_logprobs",
            got=f"{len(row.option_logprobs)} numbers",
            expected=f"{num_options}, one for each option (yes and no where a closed question has none), or no value",
        )


def _require_offered(row: Prediction, place: str) -> None:
    """Refuse a choice whose gold is no letter of its options; one without options is refused where it is judged."""
    letters = ascii_uppercase[: len(row.options)]
    if row.kind not in ("mcq", "mcq_multi") or not letters:
        return
    wrong = [letter for letter in row.gold if letter.strip().upper() not in tuple(letters)]
    if wrong or not row.gold:
        raise DataError(
            f"{place}, column gold",
            got=", ".join(map(repr, wrong)) or "no letter",
            expected=f"letters of the {len(letters)} options, {letters[0]} to {letters[-1]}",
            do="write the letter of the right option in place of its text",
        )


def _letters(text: str, place: str) -> list[str]:
    """Return the letters of a text that holds nothing else, such as ``ACD``."""
    if not re.fullmatch(r"[A-Z](?:[\s,;、]*[A-Z])*", text.strip()):
        raise DataError(f"{place}, column gold", got=repr(text), expected="the right letters, such as ACD")
    return re.findall("[A-Z]", text)


def _value(name: str, value: Any, place: str) -> Any:
    if name in _CHOICES and value not in _CHOICES[name]:
        raise DataError(f"{place}, column {name}", got=repr(value), expected=" or ".join(_CHOICES[name]))
    try:
        return _converted(name, value)
    except (TypeError, ValueError) as error:
        raise DataError(f"{place}, column {name}", got=repr(value), expected=_EXPECTED.get(name, "text")) from error


def _converted(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return tuple(float(number) for number in value)
    if name in _TUPLES:
        return tuple(str(part) for part in value) if isinstance(value, list | tuple) else (str(value),)
    if name == "num_tokens":
        return int(value)
    if name == "truncated":
        return _TRUTHS[str(value).lower()] if str(value).lower() in _TRUTHS else bool(int(value))
    return str(value)
