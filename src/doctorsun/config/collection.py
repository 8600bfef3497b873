"""Raw data to bring into a store: published files by their format, annotated images by their adapter, or both."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.data import Split
from doctorsun.config.question_table import QuestionColumns
from doctorsun.config.section import Section


class ImportSource(Section):
    """Files that hold conversations, questions or prose already."""

    format: str
    """One of the formats of ``doctorsun data import``."""
    path: str
    """A file, a folder, or a pattern such as ``QA/*.csv``."""
    images: tuple[str, ...] = ()
    """Folders and zip archives that hold the images; beside the file when not given."""
    remap: dict[str, str] = Field(default_factory=dict)
    """Beginnings of the image paths in the files, and what stands there instead."""
    dataset: str = ""
    """Name of the data set; the format's, or the file's, when not given."""
    licence: str = ""
    """SPDX identifier; what the format knows when not given."""
    split: Split | None = None
    """Of all samples; what the files tell when not given, else train."""
    language: Literal["zh", "en"] | None = None
    """Of all samples; told from the words when not given."""
    domain: Literal["medical", "general"] = "medical"
    columns: QuestionColumns | None = None
    """What the columns are, of the format ``questions``."""


class ConvertSource(Section):
    """A folder of annotated images."""

    adapter: str
    """Name of a shipped adapter, or a YAML file."""
    root: str
    """The folder as it was downloaded."""


class Collection(Section):
    """Several sources that become one store."""

    name: str
    root: str = "."
    """Folder that the paths of the sources start from."""
    sources: Annotated[dict[str, ImportSource | ConvertSource], Field(min_length=1)]
