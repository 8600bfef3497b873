"""The card of a store as numbers: shares, sources, licences and samples, for the page and for Markdown."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from doctorsun.data.missing import MISSING_IMAGES
from doctorsun.report.card_losses import Losses, read_losses
from doctorsun.report.store_facts import Origin, StoreFacts, count_store
from doctorsun.report.store_samples import ShownSample, choose_samples
from doctorsun.schema import Manifest
from doctorsun.schema.licence import CLASSES, LicenceClass, licence_class, strictest
from doctorsun.storage.counts import IMAGES, most_frequent_first
from doctorsun.storage.store import Store

SPLITS = ("train", "validation", "test")
LANGUAGES = ("en", "zh", "mixed")
COUNTED = ("language", "modality", "split", "domain")
RARE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A line of the table of sources: an origin and its samples by split and by language."""

    origin: Origin
    num: int
    splits: Counter[str]
    languages: Counter[str]

    @property
    def licence_class(self) -> LicenceClass:
        """What its licence allows."""
        return licence_class(self.origin.licence)

    @property
    def is_web_address(self) -> bool:
        """Whether the address may be a link: sources are written by others."""
        return self.origin.url.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceNote:
    """The strictest class of licences of a store, its licences, and how many samples they cover."""

    name: LicenceClass
    licences: tuple[str, ...]
    num: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a card says.

    Attributes:
        num_bytes: size of all shards.
        counts: samples by field, the most frequent first.
        num_without_images: samples that name an image whose bytes are not here.
        has_missing_list: whether the list of those images lies in the store.
        losses: what was left out, and what was changed.
        licence: None for an empty store.
    """

    manifest: Manifest
    sha256: str
    num_bytes: int
    facts: StoreFacts
    counts: dict[str, Counter[str]]
    sources: tuple[SourceRow, ...]
    licence: LicenceNote | None
    num_without_images: int
    has_missing_list: bool
    losses: Losses
    shown: tuple[ShownSample, ...]

    @property
    def num_rows(self) -> int:
        """Samples of the store."""
        return self.manifest.num_rows

    @property
    def has_texts_alone(self) -> bool:
        """Whether there are samples without any image."""
        return any(not each.has_image for each in self.facts.candidates) and self.num_without_images < self.num_rows

    @property
    def num_once(self) -> int:
        """Labels that a single sample carries."""
        return sum(number == 1 for number in self.facts.labels.values())

    @property
    def num_rare(self) -> int:
        """Labels that fewer than ten samples carry."""
        return sum(number < RARE for number in self.facts.labels.values())

    @property
    def licences(self) -> list[str]:
        """All licences, the most frequent first."""
        return list(self.counts["licence"])


def make_card(folder: Path) -> Card:
    """Read what the card of a store says.

    Args:
        folder: the store.

    Raises:
        DataError: there is no complete store, or a shard is damaged.
    """
    store = Store(folder)
    facts = count_store(store)
    sources = _sources(facts)
    return Card(
        manifest=store.manifest,
        sha256=store.sha256,
        num_bytes=sum(shard.size_bytes for shard in store.manifest.shards),
        facts=facts,
        counts=_counts(store, facts, sources),
        sources=sources,
        licence=_licence_note(sources),
        num_without_images=_num_without_images(store),
        has_missing_list=(folder / MISSING_IMAGES).is_file(),
        losses=read_losses(store),
        shown=tuple(choose_samples(store, facts.candidates)),
    )


def _num_without_images(store: Store) -> int:
    counted = store.manifest.counts.get(IMAGES)  # manifests of earlier versions do not count them
    return len(store.rows_without_images()) if counted is None else counted.get("incomplete", 0)


def _counts(store: Store, facts: StoreFacts, sources: tuple[SourceRow, ...]) -> dict[str, Counter[str]]:
    families: Counter[str] = Counter()
    for task, number in store.counts("task").items():
        families[task.partition(":")[0]] += number
    methods: Counter[str] = Counter()
    for (method, _), number in facts.made_by.items():
        methods[method] += number
    classes = Counter({name: sum(row.num for row in sources if row.licence_class == name) for name in CLASSES})
    counted = {name: Counter(store.counts(name)) for name in (*COUNTED, "licence")}
    others = {"task": families, "made_by": methods, "kind": facts.kinds, "class": +classes}
    return counted | {name: _falling(numbers) for name, numbers in others.items()}


def _falling(numbers: Counter[str]) -> Counter[str]:
    return Counter(most_frequent_first(numbers))


def _sources(facts: StoreFacts) -> tuple[SourceRow, ...]:
    rows = [
        SourceRow(
            origin=origin,
            num=sum(_of(facts.splits, origin).values()),
            splits=_of(facts.splits, origin),
            languages=_of(facts.languages, origin),
        )
        for origin in dict.fromkeys(origin for origin, _ in facts.splits)
    ]
    return tuple(sorted(rows, key=lambda row: (row.origin.dataset, -row.num, row.origin.licence)))


def _of(counts: Counter[tuple[Origin, str]], origin: Origin) -> Counter[str]:
    return Counter({name: number for (each, name), number in counts.items() if each == origin})


def _licence_note(sources: tuple[SourceRow, ...]) -> LicenceNote | None:
    name = strictest(row.origin.licence for row in sources)
    if name is None:
        return None
    rows = [row for row in sources if row.licence_class == name]
    licences = dict.fromkeys(row.origin.licence for row in rows)
    return LicenceNote(name=name, licences=tuple(licences), num=sum(row.num for row in rows))
