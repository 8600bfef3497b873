"""The columns of a table of questions: which hold the question, its options, its answer and its images."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from doctorsun.config.section import Section


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""A column, or the names that it goes by in different files, of which the first that a record has is read."""


class SecondFile(Section):
    """A file beside the questions that holds their answers."""

    file: str
    key: str
    """The column of both files by which they are joined."""
    answer: str


class QuestionColumns(Section):
    """What each column of a table of questions is; upper and lower case do not matter."""

    id: Names = ()
    """The publisher's name of a question; file and row when not given."""
    question: Names = ("question",)
    context: Names = ()
    """What is read before the question, such as a hint."""
    options: Names = ()
    """One column that holds them all (a list, an object by letter, lettered lines, a list as text), or one for each in
    order; those behind the last that is filled are left out."""
    answer: Names = ("answer",)
    """The right letters or the text of the right option; without options the answer, or a list of accepted ones."""
    answer_base: int | None = None
    """Where answers number the options: the number of the first one."""
    answers: SecondFile | None = None
    """The file that holds the answers, where they do not stand beside the questions."""
    images: Names = ()
    """Columns of paths, of lists of paths, of Base64 text, or of what the Hugging Face hub makes of images."""
    kind: Names = ()
    """Says ``open`` or ``closed``, and of several right options ``multi`` or 多选; told from the answer when not given:
    yes and no, in English or Chinese, are closed."""
    type: Names = ()
    """The question type, by which scores are sliced."""
    modality: Names = ()
    anatomy: Names = ()
