"""Adapter: the page that says how a data set is laid out and what its labels mean."""

from typing import Annotated, Literal

from pydantic import Field

from doctorsun.config.data import Split
from doctorsun.config.section import Section
from doctorsun.data.readers.class_folders import ClassFolders

ReaderSection = Annotated[ClassFolders, Field(discriminator="kind")]


class SplitRule(Section):
    """How the split of an item is found; the first of these that is given."""

    field: str | None = None
    """A template of fields, such as ``{split}``, whose value ``values`` translates."""
    values: dict[str, Split] = Field(default_factory=dict)
    lists: dict[Split, str] | None = None
    """Text files that list the items of each split, one a line, without their endings."""
    key: str = "{name}"
    """What the lists name."""
    hash: str | None = None
    """A template of fields; equal ones share a split: 5 % validation, 10 % test, chosen by their hash."""


class FieldRule(Section):
    """A value taken out of the fields of an item by a regular expression with one group."""

    field: str
    match: str


class Adapter(Section):
    """One data set."""

    dataset: str
    title: str
    url: str
    licence: str
    """SPDX identifier, or the publisher's own name for its terms."""
    citation: str = ""
    version: str = ""
    domain: Literal["medical", "general"] = "medical"
    modality: str
    """Ontology id, or a template of fields that ``modalities`` translates."""
    modalities: dict[str, str] = Field(default_factory=dict)
    anatomy: str = ""
    department: str = ""
    plane: str = ""
    task: Literal["classification", "detection", "segmentation", "report", "caption", "question"]
    labels: dict[str, str | None] = Field(default_factory=dict)
    """The data set's label to an ontology id; null leaves it out on purpose."""
    exhaustive: bool = False
    """Whether a finding that is not labelled on an image is known to be absent."""
    split: Split | SplitRule = "train"
    patient: str | FieldRule = ""
    study: str | FieldRule = ""
    reader: ReaderSection
