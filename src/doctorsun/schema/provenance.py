"""Where a sample comes from, who it belongs to, how it was made and whether it is de-identified."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The public or private data set that a sample was taken from."""

    dataset: str
    version: str = ""
    url: str = ""
    licence: str = "unknown"
    split: str = "train"
    original_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What must stay on one side of a split."""

    patient: str = ""
    study: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBy:
    """How the words of a sample came to be."""

    method: Literal["human", "template", "llm"] = "human"
    template: str = ""
    model: str = ""
    prompt_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentification:
    """The profile under which identifiers were removed; empty when none was applied."""

    profile: str = ""
    version: str = ""
