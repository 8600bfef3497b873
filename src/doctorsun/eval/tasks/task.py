"""Task: what an evaluation set asks, how it is judged and what must be known about it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The description of one evaluation set; its files are read by ``data.readers``.

    Attributes:
        instructions: per language, words put after the question; none where the bare question is asked.
        expected_rows: test questions of the published set; None where the recipe decides.
        notes: what a reader of the scores must know.
    """

    name: str
    licence: str
    citation: str
    url: str = ""
    instructions: dict[str, str] = field(default_factory=dict[str, str])
    expected_rows: int | None = None
    notes: tuple[str, ...] = ()

    def row_warning(self, num_rows: int) -> str | None:
        """Return a warning where the number of questions is not that of the published test set."""
        if self.expected_rows is None or num_rows == self.expected_rows:
            return None
        return (
            f"{self.name}: {num_rows} questions, the published test set has {self.expected_rows}; "
            "scores on another set cannot be compared with published ones"
        )
