"""What a recipe measures at the end."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.data import Split
from doctorsun.config.section import Section


class TaskSection(Section):
    """One evaluation task over one source."""

    source: str
    split: Split = "test"
    max_questions_per_type: Annotated[int, Field(ge=1)] | None = None
    """Limit per question type and language, chosen by hash; all when not given."""


class EvaluationSection(Section):
    """The tasks, and the controls that each score is read against."""

    tasks: dict[str, TaskSection] = Field(default_factory=dict[str, TaskSection])
    controls: tuple[Literal["blank", "noise", "shuffled", "prior"], ...] = ("blank", "shuffled", "prior")
    max_tokens: Annotated[int, Field(ge=1)] = 48
    """Longest answer in tokens."""
    every_steps: Annotated[int, Field(ge=1)] | None = None
    """Ask some questions of each task during the stages too, after every so many steps; their scores are curves."""
    questions_at_intervals: Annotated[int, Field(ge=1)] = 64
    """How many of each task then, chosen by hash."""
    batch: Annotated[int, Field(ge=1)] = 96
    """Questions that are answered together."""


class DialogueSection(Section):
    """How many example dialogues end a run."""

    source: str
    count: Annotated[int, Field(ge=0)] = 3
