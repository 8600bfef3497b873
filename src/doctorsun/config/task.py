"""Task: the page of an evaluation set: where its questions stand, how they are put and judged, and what is known."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.data import Split
from doctorsun.config.question_table import QuestionColumns
from doctorsun.config.section import Section
from doctorsun.schema import AnswerKind

Language = Literal["zh", "en"]


class TaskSource(Section):
    """One form in which users have the questions, and which of them are asked."""

    format: str = ""
    """One of the formats of ``doctorsun data import``; or else ``adapter`` or ``drawn``."""
    adapter: str = ""
    """Name of a shipped adapter, or a YAML file."""
    drawn: Literal["", "injection"] = ""
    """Or else: what is drawn here; ``files`` is the page itself."""
    files: str
    """Pattern below the task's folder, such as ``**/test.json``; of a task's sources the first whose files are there is
    read."""
    beside: tuple[str, ...] = ()
    """Patterns of further files that the questions are read with, such as their answers; their hashes are kept, too."""
    images: tuple[str, ...] = ()
    """Folders and zip archives of the images, from the task's folder; that of the files when not given."""
    columns: QuestionColumns | None = None
    """Of the format ``questions``."""
    dataset: str = ""
    """Name of the data set, where the format does not know it; the task's when not given. Ids depend on it."""
    split: Split | None = None
    """Which split is asked, of files that hold several; all that the files hold when not given."""
    part: Split = "test"
    """Which split of the published set these files are."""
    language: Language | None = None
    """Of all questions; told from the words when not given."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Column to the values with which a record counts, ``*`` for any letters; the others are passed over."""
    types: tuple[str, ...] = ()
    """Question types that are asked, such as ``exam:anatomy`` or ``report``; all when not given."""


class Task(Section):
    """One evaluation set."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
    title: str
    languages: tuple[Language, ...]
    licence: str
    """SPDX identifier, or the publisher's own name for its terms; ``unknown`` where nothing is told."""
    citation: str
    url: str = ""
    download: str = ""
    """Which files a user needs, in words."""
    notes: tuple[str, ...] = ()
    """What a reader of the scores must know."""
    sources: tuple[TaskSource, ...] = ()
    """The forms in which users have the questions; a task without any is asked from a store."""
    instructions: dict[Language, dict[AnswerKind, str]] = Field(default_factory=dict)
    """Per language and kind of answer: words put after the question, or a template that says where ``{question}`` and
    ``{options}`` stand; the bare question with its lettered options when not given."""
    protocols: tuple[str, ...] = ()
    """How answers are judged; of a kind that none of them judges, by the house protocol."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Longest answer in tokens, where the usual length is too short."""
    expected_rows: int | None = None
    """Questions of the published set; None where they are not known."""
    expected_kinds: dict[AnswerKind, int] = Field(default_factory=dict)
    """How many of these are of each kind of answer, where it is known."""
    sha256: dict[str, str] = Field(default_factory=dict)
    """Hashes of published files by name, where they are known."""

    def differences(self, num_rows: int, kinds: dict[str, int], split: str = "") -> list[str]:
        """Return what tells these questions from the published set, a sentence each.

        Args:
            num_rows: questions that are asked.
            kinds: how many of them are of each kind of answer.
            split: of the published set that they are from; that of the first source where nothing is told.
        """
        if split not in ("", self._published):
            text = (
                f"{self.name}: the {split} split is asked, not the published {self._published} set; "
                "scores on another set cannot be compared with published ones"
            )
            return [text]
        return [*self._other_rows(num_rows), *self._other_kinds(kinds)]

    @property
    def _published(self) -> Split:
        return self.sources[0].part if self.sources else "test"

    def _other_rows(self, num_rows: int) -> list[str]:
        if self.expected_rows in (None, num_rows):
            return []
        text = (
            f"{self.name}: {num_rows:,} questions, the published {self._published} set has {self.expected_rows:,}; "
            "scores on another set cannot be compared with published ones"
        )
        return [text]

    def _other_kinds(self, kinds: dict[str, int]) -> list[str]:
        return [
            f"{self.name}: {kinds.get(kind, 0):,} questions of kind {kind}, "
            f"the published {self._published} set has {number:,}"
            for kind, number in self.expected_kinds.items()
            if kinds.get(kind, 0) != number
        ]
