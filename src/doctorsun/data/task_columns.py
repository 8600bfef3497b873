"""The columns and values that a page names, held against the records: what no record has is told by name."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from doctorsun.config.question_table import QuestionColumns
from doctorsun.config.suggest import did_you_mean, one_of
from doctorsun.config.task import TaskSource
from doctorsun.data.readers.fields import find, words
from doctorsun.errors import DataError

_SHOWN_VALUES = 12


class TaskColumns:
    """What a source of a page says of its records' columns; it counts records, and notes which columns they have.

    Args:
        source: of the page.
        path: the file for messages, such as the first one.
    """

    def __init__(self, source: TaskSource, path: Path) -> None:
        self._where = source.where
        self._named = dict(_named(source.columns or QuestionColumns())) if source.format == "questions" else {}
        self._path = path
        self._columns: dict[str, None] = {}
        self._values: dict[str, dict[str, None]] = {name: {} for name in source.where}
        self._fitting: set[str] = set()

    def counts(self, fields: Mapping[str, Any]) -> bool:
        """Tell whether a record is one of those that are asked, and note what it has."""
        self._columns.update(dict.fromkeys(fields))
        fitting = {name for name, values in self._where.items() if self._fits(fields, name, values)}
        self._fitting |= fitting
        return len(fitting) == len(self._where)

    def check(self) -> None:
        """Hold the page against all records that were read; without any there is nothing to say.

        Raises:
            DataError: no record has a column that the page names, or the values that ``where`` wants of one.
        """
        if not self._columns:
            return
        for key, names in {**{f"where.{name}": (name,) for name in self._where}, **self._named}.items():
            if find(self._columns, [name.lower() for name in names]) is None:
                raise self._error(f"{key}: no such column", names, list(self._columns))
        for name, values in self._where.items():
            if name not in self._fitting:
                raise self._error(f"where.{name}: no record has such a value", values, list(self._values[name]))

    def _fits(self, fields: Mapping[str, Any], name: str, values: Sequence[str]) -> bool:
        key = find(fields, [name.lower()])
        if key is None:
            return False
        found = words(fields[key])
        if len(self._values[name]) < _SHOWN_VALUES:
            self._values[name][found] = None
        return any(fnmatchcase(found, value) for value in values)

    def _error(self, problem: str, named: Sequence[str], there: Sequence[str]) -> DataError:
        advice = (did_you_mean(name, there, otherwise="") for name in named)
        do = next(filter(None, advice), "") or "correct the page"
        return DataError(f"{self._path}: {problem}", got=", ".join(map(repr, named)), expected=one_of(there), do=do)


def _named(columns: QuestionColumns) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each setting that is needed, or that the page has, with columns of which one at least has to be there."""
    needed = set[str]() if columns.answers else {"answer"}
    for key in sorted(columns.model_fields_set | needed):
        value = getattr(columns, key)
        if isinstance(value, tuple) and value:
            yield f"columns.{key}", value
