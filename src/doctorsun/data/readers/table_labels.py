"""Labels in columns of a table: by name, as a list of names, or as a flag in a column for each."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.data.readers.table_rows import Row
from doctorsun.errors import DataError


class LabelColumns(Section):
    """Where a table has labels; several rows of an item are as many opinions."""

    column: str = ""
    """A column that holds a label, or several."""
    separator: str = ""
    """What stands between the labels of the column."""
    flags: tuple[str, ...] = ()
    """Columns that are named for a label and hold whether it is there."""
    present: tuple[str, ...] = ("1",)
    """Flags that say so; numbers count by their value, so that 1.0 is 1."""
    absent: tuple[str, ...] = ("0",)
    unknown: tuple[str, ...] = ("", "-1")
    votes: Annotated[int, Field(ge=1)] = 1
    """How many rows of an item must say that a label is there, all where there are fewer rows; if some do, but not
    enough, it is not known."""

    @model_validator(mode="after")
    def _names_columns(self) -> "LabelColumns":
        if bool(self.column) == bool(self.flags):
            raise ValueError("labels stand either in a column or as flags")
        return self

    def of_rows(self, rows: Sequence[Row], place: str) -> dict[str, bool]:
        """Return which labels the rows of an item say to be there or not; what is not known is left out.

        Raises:
            DataError: a column is missing, or a flag has a value that is not named.
        """
        opinions: dict[str, list[bool | None]] = {}
        for row in rows:
            for label, opinion in self._opinions(row, place):
                opinions.setdefault(label, []).append(opinion)
        found = {label: self._agreed(each) for label, each in opinions.items()}
        return {label: holds for label, holds in found.items() if holds is not None}

    def _opinions(self, row: Row, place: str) -> list[tuple[str, bool | None]]:
        missing = [name for name in (self.column, *self.flags) if name and name not in row]
        if missing:
            raise DataError(
                place, got="no column " + ", ".join(missing), expected="one of " + ", ".join(row), do="correct labels"
            )
        if self.flags:
            return [(name, self._flag(row[name], f"{place}: {name}")) for name in self.flags]
        text = row[self.column]
        names = text.split(self.separator) if self.separator else [text]
        return [(name.strip(), True) for name in names if name.strip()]

    def _flag(self, text: str, place: str) -> bool | None:
        value = _plain(text)
        if value in self.present or value in self.absent:
            return value in self.present
        if value in self.unknown:
            return None
        known = ", ".join(repr(each) for each in (*self.present, *self.absent, *self.unknown))
        raise DataError(
            place, got=repr(text), expected=f"one of {known}", do="name it under present, absent or unknown"
        )

    def _agreed(self, opinions: Sequence[bool | None]) -> bool | None:
        num_present = sum(opinion is True for opinion in opinions)
        if num_present >= min(self.votes, len(opinions)):
            return True
        return False if num_present == 0 and False in opinions else None


def _plain(text: str) -> str:
    """Return a flag as it is named: ``1`` for 1.0 and for 1.00e+00."""
    try:
        return f"{float(text):g}"
    except ValueError:
        return text.strip()
