"""The ids of a table of questions: two questions of one file are not called the same."""

from typing import Any

from doctorsun.config.question_table import QuestionColumns
from doctorsun.config.task import TaskSource
from doctorsun.data.readers.fields import words_of
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.errors import DataError


class QuestionIds:
    """The ids that were met in each file of a source, where its page names a column of them.

    Args:
        source: of the page.
    """

    def __init__(self, source: TaskSource) -> None:
        columns = (source.columns or QuestionColumns()) if source.format == "questions" else None
        self._names = tuple(name.lower() for name in columns.id) if columns else ()
        self._file = ""
        self._places: dict[str, str] = {}

    def note(self, pending: Any) -> None:
        """Note the id of a record that is asked.

        Raises:
            DataError: a record before it, in the same file, has it too.
        """
        if not self._names or not isinstance(pending, RawRecord):
            return
        if pending.file_name != self._file:
            self._file, self._places = pending.file_name, {}
        id_ = words_of(pending.fields, self._names)
        before = self._places.setdefault(id_, pending.place) if id_ else pending.place
        if before != pending.place:
            raise DataError(
                f"{pending.place}: the id of a question",
                got=f"{id_!r}, as in {before}",
                expected="an id of its own",
                do="give one of them another id, or leave it out",
            )
