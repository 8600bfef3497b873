"""What each reader can give, whatever its files hold: families of questions, languages, facts."""

from dataclasses import dataclass

from doctorsun.config.data import PhantomSource, PhantomTextSource, ShapesSource, SourceSection, VqaRadSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a source can give; None where only its data tell.

    Attributes:
        tasks: families of questions, the part of a task before the colon.
        languages: of the samples.
        has_labels: whether the facts of its images teach labels.
    """

    tasks: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    has_labels: bool | None = None


PHANTOM = Offer(
    tasks=(
        "presence",
        "side",
        "zone",
        "size",
        "count",
        "modality",
        "plane",
        "organ",
        "finding",
        "box",
        "checklist",
        "caption",
        "report",
    ),
    languages=("en", "zh"),
    has_labels=True,
)
SHAPES = Offer(
    tasks=("shape_count", "digit", "colour", "shape", "position", "presence"), languages=("en", "zh"), has_labels=False
)
PHANTOM_TEXT = Offer(tasks=("text",), languages=("en", "zh"), has_labels=False)
VQA_RAD = Offer(languages=("en",), has_labels=False)


def offer_of(section: SourceSection) -> Offer:
    """Return what a source can give as far as its reader decides it."""
    match section:
        case PhantomSource():
            return PHANTOM
        case ShapesSource():
            return SHAPES
        case PhantomTextSource():
            return PHANTOM_TEXT
        case VqaRadSource():
            return VQA_RAD
        case _:
            return Offer()
