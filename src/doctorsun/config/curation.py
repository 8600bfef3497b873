"""Curation: what every step of ``doctorsun data curate`` asks for; a step that is set to null is off.

The steps stand in the order in which they run: those on one sample first, the cheap ones before those that decode
images; then those on all samples that are left.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from doctorsun.config.section import Section
from doctorsun.config.seed import MAX_SEED
from doctorsun.schema.licence import LicenceClass

Share = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=1)]


class Licences(Section):
    """Refuse samples whose licence is none of these classes."""

    allowed: tuple[LicenceClass, ...] = ("permissive", "attribution", "share-alike")
    """The ``--allow-licence`` of the command line adds to them."""


class Simplified(Section):
    """Write traditional Chinese in simplified characters, gold answers too; what asks for traditional ones stays."""


class Languages(Section):
    """Refuse words in other languages than these, and correct the language that a sample is marked with."""

    allowed: tuple[Literal["zh", "en", "mixed"], ...] = ("zh", "en", "mixed")


class TextLength(Section):
    """Refuse texts that are too short or too long to learn from.

    Tokens are counted by a rule that needs no model: a Chinese character, five letters of a word, three digits, a sign.
    """

    least_tokens: Natural = 1
    """Of all replies together."""
    most_tokens: Natural = 8192
    """Of all turns together."""

    @model_validator(mode="after")
    def _some_length_passes(self) -> "TextLength":
        if self.least_tokens > self.most_tokens:
            raise ValueError(
                f"least_tokens {self.least_tokens} is above most_tokens {self.most_tokens}: no text passes"
            )
        return self


class Repetition(Section):
    """Refuse samples with a reply that says the same again and again."""

    gram_units: Natural = 10
    """Length of the runs that are compared, in Chinese characters and words in Latin letters."""
    most_repeated_grams: Share = 0.4
    """Share of these runs that stood in the reply before."""
    most_repeated_lines: Share = 0.5
    """Share of the text in lines that stood in the reply before."""


class AnswerInQuestion(Section):
    """Refuse open questions that hold their own answer; those that offer choices, or ask for yes or no, pass."""

    least_tokens: Natural = 4
    """Shorter answers stand in questions by chance."""
    most_question_tokens: Natural = 64
    """Longer questions are passages to read from."""


class Identifiers(Section):
    """Find what names a patient in words: names, phones, numbers, addresses, dates."""

    policy: Literal["mask", "drop"] = "mask"


class Decodes(Section):
    """Refuse images that are not here, cannot be decoded to their end or have another size than their record."""


class SmallestSide(Section):
    """Refuse images whose shorter side has fewer pixels."""

    least_px: Natural = 28
    """The smallest images of a published set that the adapters know, MedMNIST."""


class Aspect(Section):
    """Refuse images that are so many times longer than wide, or wider than long."""

    most: Annotated[float, Field(ge=1)] = 8.0
    """Twice the longest real image: a bone scan of the whole body, 4 to 1."""


class ConstantImage(Section):
    """Refuse images of one value, or nearly so."""

    least_range: Annotated[int, Field(ge=0, le=255)] = 16
    """Levels of 255 between the least and the greatest value of a channel."""


class BlankImage(Section):
    """Refuse images that show nothing but background: air around the patient, glass beside the tissue."""

    least_content: Share = 0.005
    """Smallest share of the picture that differs from its background; a biopsy on its slide is 0.008."""
    least_content_of: dict[str, Share] = Field(
        default_factory=lambda: {
            **dict.fromkeys(("ct", "abdominal_ct", "mr", "brain_mr", "ct_mr"), 0.01),
            **dict.fromkeys(("xray", "chest_xray", "ultrasound"), 0.05),
        }
    )
    """The same for modalities that have one of their own; of ultrasound the middle of the picture counts."""


class ExactImages(Section):
    """Refuse samples that show the same image, by file or by pixels, and say the same.

    Another question about the same image stays; the two share a group.
    """


class NearImages(Section):
    """Refuse samples that show a copy of an image (coding, size, window, border) and say the same.

    Never inside one study, or inside one patient where a study is not known: slices of a scan are alike.
    """

    most_bits: Annotated[int, Field(ge=0, le=64)] = 24
    """Bits of 256 in which the fingerprints of two pictures may differ before their pixels are compared."""


class NearTexts(Section):
    """Refuse samples that ask and answer nearly the same about the same image, or about none.

    Variants of one sample stay, and texts that differ in a number, a side, a negation or an option letter.
    """

    least_similarity: Share = 0.8
    """Jaccard similarity of the sets of 5-character runs; below 0.7 most pairs would not be found."""


class Cap(Section):
    """Keep at most so many samples of each, chosen by a hash of their content; what is held out does not count."""

    most: Natural | None = None
    """No limit when null. A sample stays when one of its labels has room."""


class Splits(Section):
    """Share the groups of samples out among the splits; what belongs together stays on one side."""

    by: Literal["own", "official"] = "official"
    """``official`` keeps what the publishers hold out, takes from training what belongs together with it, and shares
    out data sets that hold nothing out; ``own`` shares all out anew."""
    validation: Share = 0.05
    """Share of the groups that are shared out."""
    test: Share = 0.05
    """The same."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Another one gives another split."""

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> "Splits":
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation:g} and test {self.test:g} leave nothing to train on")
        return self


class Curation(Section):
    """The settings of every step."""

    licences: Licences | None = Licences()
    simplified: Simplified | None = Simplified()
    languages: Languages | None = Languages()
    text_length: TextLength | None = TextLength()
    repetition: Repetition | None = Repetition()
    answer_in_question: AnswerInQuestion | None = AnswerInQuestion()
    identifiers: Identifiers | None = Identifiers()
    decodes: Decodes | None = Decodes()
    smallest_side: SmallestSide | None = SmallestSide()
    aspect: Aspect | None = Aspect()
    constant_image: ConstantImage | None = ConstantImage()
    blank_image: BlankImage | None = BlankImage()
    exact_images: ExactImages | None = ExactImages()
    near_images: NearImages | None = NearImages()
    near_texts: NearTexts | None = NearTexts()
    label_cap: Cap | None = Cap()
    source_cap: Cap | None = Cap()
    splits: Splits | None = Splits()
