"""Origin: what an import tells about all samples of a source, and samples that are words alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from doctorsun.config.collection import ImportSource
from doctorsun.schema import Message, Role, Sample, Source, sample_id, text_part
from doctorsun.text.language import script_of

Turn = tuple[Role, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The data set of an import, its terms, and what the user states of all its samples.

    Attributes:
        split: of all samples; what the files tell when None.
        language: of all samples; counted from their words when None.
    """

    dataset: str
    url: str = ""
    licence: str = "unknown"
    split: str | None = None
    language: Literal["zh", "en"] | None = None
    domain: Literal["medical", "general"] = "medical"

    def source(self, original_id: str, split: str = "train") -> Source:
        """Return the source of an item; ``split`` is what the files tell."""
        return Source(
            dataset=self.dataset,
            url=self.url,
            licence=self.licence,
            split=self.split or split,
            original_id=original_id,
        )

    def text_sample(self, original_id: str, turns: Sequence[Turn], *, split: str = "train", part: str = "") -> Sample:
        """Make a sample of words alone, in the language that its words are in.

        Args:
            original_id: the data set's own name of the item.
            turns: who says what.
            split: what the files tell.
            part: tells the samples of one item apart.
        """
        language = self.language or script_of("\n".join(text for _, text in turns))
        return Sample(
            id=sample_id(self.dataset, original_id, language, part),
            messages=tuple(Message(role=role, content=(text_part(text),)) for role, text in turns),
            source=self.source(original_id, split),
            language=language,
            domain=self.domain,
        )


def origin_of(section: ImportSource, dataset: str, *, url: str = "", licence: str = "unknown") -> Origin:
    """Return the origin that a format knows, with what the user states instead."""
    return Origin(
        dataset=section.dataset or dataset,
        url=url,
        licence=section.licence or licence,
        split=section.split,
        language=section.language,
        domain=section.domain,
    )
