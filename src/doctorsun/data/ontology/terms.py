"""Terms: one row of an ontology table, with its names in both languages and its place in the tree."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
Asked = Literal["presence", "side", "zone", "count", "size", "box"]
Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Row(BaseModel):
    """What every table row has in common: fixed once read, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bilingual(Row):
    """One text in both languages."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the text in this language."""
        return self.zh if language == "zh" else self.en


class Term(Row):
    """A term with its synonyms, preferred first.

    Attributes:
        an: the English phrase with its article; left out where none is used (oedema).
        many: the English plural, where it is not regular.
        parent: the term that this one is a kind of, or a part of.
        siblings: what serves as wrong choices, where it is not simply the other terms beside it; the term itself may
            stand among them.
        planes: of a modality: the planes of its slices.
        organs: of a modality: the parts of the body on which it is used most; those below it in the tree share them.
        one_organ: of a modality: its pictures show one organ alone: another of the same region is a wrong choice.
        both_sides: of an organ: its images show the left and the right half of the body around the midline.
        far: of an outermost part of the body: others that no image of it shows.
    """

    id: str
    zh: Names
    en: Names
    an: str = ""
    many: str = ""
    parent: str = ""
    siblings: tuple[str, ...] = ()
    planes: tuple[str, ...] = ()
    organs: tuple[str, ...] = ()
    one_organ: bool = False
    both_sides: bool = False
    far: tuple[str, ...] = ()

    @property
    def is_plural(self) -> bool:
        """Whether its English name is a plural (haemorrhoids), with which a verb agrees."""
        return bool(self.many) and self.many == self.en[0]

    def name(self, language: Language) -> str:
        """Return the preferred term."""
        return self.names(language)[0]

    def names(self, language: Language) -> tuple[str, ...]:
        """Return the accepted terms, preferred first."""
        return self.zh if language == "zh" else self.en

    def phrase(self, language: Language) -> str:
        """Return the term as it stands in a sentence, with its article in English."""
        return self.zh[0] if language == "zh" else self.an or self.en[0]

    def plural(self, language: Language) -> str:
        """Return the term for more than one."""
        return self.zh[0] if language == "zh" else self.many or _regular_plural(self.en[0])


class SizeLimit(Row):
    """The size above which a finding is large, and the clinical source of that limit."""

    limit_mm: float
    source: str


class FindingTerm(Row):
    """What an image can be found to show: a finding, a diagnosis, a structure, a cell, a tissue or an instrument.

    A row needs its names and its parent; the rest is for what the embedded phantoms ask and write.

    Attributes:
        parent: another row; the rows without one are the kinds.
        exclusive: its children are the classes of one question, so an image of one of them shows none of the others.
        normal: it says that nothing is wrong.
        grade: the place in an ordered scale, from 0; its siblings have the other places.
        organ, department: ids of those tables.
        side: the patient's side, where the label itself says it (``left_kidney``).
        modality: the one modality on which it is looked for.
        asks: the question families that apply to a drawn finding.
        siblings: what serves as wrong choices, where it is not simply the rows beside it.
        regions: reference regions whose side is the side of the finding.
        zones: zones of a region from top to bottom, of equal height.
        count_limit: the count above which there are many.
        present: the sentence of a report; ``{side}``, ``{zone}``, ``{size}`` and ``{count}`` are filled in.
    """

    id: str
    zh: Names
    en: Names
    an: str = ""
    many: str = ""
    parent: str = ""
    exclusive: bool = False
    normal: bool = False
    grade: int | None = None
    organ: str = ""
    department: str = ""
    side: str = ""
    modality: str = ""
    asks: tuple[Asked, ...] = ("presence", "box")
    siblings: tuple[str, ...] = ()
    appearance: Bilingual | None = None
    present: Bilingual | None = None
    absent: Bilingual | None = None
    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    count_limit: int | None = None
    size: SizeLimit | None = None

    @property
    def residual(self) -> bool:
        """Whether it stands for what the other labels of a data set leave over (other lung lesion)."""
        return self.an.startswith("another ")

    @property
    def term(self) -> Term:
        """The names alone."""
        return Term(id=self.id, zh=self.zh, en=self.en, an=self.an, many=self.many)


def _regular_plural(word: str) -> str:
    """Return the regular English plural of a phrase."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
