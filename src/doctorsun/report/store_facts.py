"""What a store holds, counted shard by shard from its columns: the numbers of its card."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute

from doctorsun.storage.store import Store

pc: Any = compute
"""Its functions are made when it is imported, where no type checker sees them."""
ROLES = ("user", "assistant", "system")
QUANTILES = (0.05, 0.5, 0.95, 1.0)
SIDES_PX = (256, 512, 1024, 2048)
"""Ends of the classes of image sizes: the longer side is at most so long."""
MIXER = np.int64(-0x61C8864680B583EB)
"""Odd, from the golden ratio: spreads the bits of keys that are made of several numbers."""
GROUPS = ("patient", "study", "article")
ORIGIN = ("dataset", "version", "url", "licence", "split")
NUM_CANDIDATES = 12
"""So many samples are kept to choose from of each data set, family of tasks, modality and language."""
COLUMNS = (
    *("id", "language", "modality", "task", "labels", "answer.kind", "made_by.method"),
    *("made_by.model", "messages.role", "messages.content.text", "images.sha256", "images.path", "images.width"),
    *("images.height", "objects.label", "objects.box_px", "objects.image"),
    *(*(f"source.{name}" for name in ORIGIN), *(f"groups.{name}" for name in GROUPS)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A data set in one version, under one licence, with one address; its splits and languages are counted."""

    dataset: str
    version: str
    url: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long the turns of one speaker in one language are, in characters: `QUANTILES` of ``num`` turns."""

    num: int
    quantiles: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSizes:
    """The images of a store, each counted once.

    Attributes:
        num: images whose bytes are here.
        num_missing: images that are only named.
        by_longer_side: how many have a longer side of at most ``SIDES_PX[i]`` (the last: longer than all), in pixels.
        frequent: the most frequent (width, height) in pixels, with how many images have it.
    """

    num: int
    num_missing: int
    by_longer_side: tuple[int, ...]
    frequent: tuple[tuple[tuple[int, int], int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A sample that may be shown: where it stands, and what the eye tells apart."""

    row: int
    traits: tuple[str, ...]
    has_image: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """All that is counted; samples where nothing else is said.

    Attributes:
        splits: by origin and split.
        languages: by origin and language.
        labels: how many samples carry each label.
        boxes: how many boxes have each label; one that several samples of an image repeat counts once.
        made_by: by (method, model).
        kinds: by kind of answer.
        lengths: by (language, role).
        groups: how many different patients, studies and articles are told.
    """

    splits: Counter[tuple[Origin, str]]
    languages: Counter[tuple[Origin, str]]
    labels: Counter[str]
    boxes: Counter[str]
    made_by: Counter[tuple[str, str]]
    kinds: Counter[str]
    lengths: dict[tuple[str, str], Lengths]
    images: ImageSizes
    groups: dict[str, int]
    candidates: tuple[Candidate, ...]


def count_store(store: Store) -> StoreFacts:
    """Count a store in one pass over its columns; no image is read, and one shard is in memory at a time.

    Raises:
        DataError: a shard is damaged.
    """
    tally = _Tally()
    for table in store.tables(COLUMNS):
        tally.add(table)
    return StoreFacts(
        splits=tally.splits,
        languages=tally.languages,
        labels=tally.labels,
        boxes=_boxes(tally.boxes, list(tally.label_codes)),
        made_by=tally.made_by,
        kinds=tally.kinds,
        lengths={key: _lengths(parts) for key, parts in sorted(tally.characters.items())},
        images=_image_sizes(tally.images),
        groups={name: len(_distinct(parts)) for name, parts in tally.groups.items()},
        candidates=tuple(candidate for _, candidate in sorted(_flat(tally.candidates), key=lambda pair: pair[0])),
    )


@dataclass(slots=True)
class _Tally:
    """The counts so far; of every image, group and turn only a few bytes are kept."""

    num_rows: int = 0
    splits: Counter[tuple[Origin, str]] = field(default_factory=Counter)
    languages: Counter[tuple[Origin, str]] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    boxes: list[np.ndarray] = field(default_factory=list)
    label_codes: dict[str, int] = field(default_factory=dict)
    made_by: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    characters: dict[tuple[str, str], list[np.ndarray]] = field(default_factory=dict)
    images: list[np.ndarray] = field(default_factory=list)
    groups: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in GROUPS})
    candidates: dict[tuple[Any, ...], list[tuple[str, Candidate]]] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Count one table of `COLUMNS`."""
        columns = {name: table[name].combine_chunks() for name in table.column_names}
        source = {name: pc.struct_field(columns["source"], name) for name in ORIGIN}
        self._add_origins(source, columns["language"])
        self.labels.update(_value_counts(columns["labels"].flatten()))
        self.kinds.update(_value_counts(pc.struct_field(columns["answer"], "kind").drop_null()))
        methods = {name: pc.struct_field(columns["made_by"], name) for name in ("method", "model")}
        for (method, model), number in _row_counts(methods).items():
            self.made_by[method, model] += number
        self._add_characters(columns["messages"], columns["language"])
        self._add_boxes(columns["objects"], columns["images"].offsets.to_numpy(), self._add_images(columns["images"]))
        self._add_groups(columns["groups"], source["dataset"])
        self._add_candidates(columns, source["dataset"])
        self.num_rows += table.num_rows

    def _add_origins(self, source: dict[str, pa.Array], language: pa.Array) -> None:
        for key, number in _row_counts(source | {"language": language}).items():
            *names, split, spoken = key
            origin = Origin(**dict(zip(ORIGIN, names, strict=False)))
            self.splits[origin, split] += number
            self.languages[origin, spoken] += number

    def _add_characters(self, messages: pa.Array, language: pa.Array) -> None:
        turns, parts = messages.flatten(), messages.flatten().field("content")
        lengths = pc.fill_null(pc.utf8_length(parts.flatten().field("text")), 0).to_numpy(zero_copy_only=False)
        ends = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
        offsets = parts.offsets.to_numpy() - parts.offsets[0].as_py() if len(parts) else np.zeros(1, np.int64)
        characters = (ends[offsets[1:]] - ends[offsets[:-1]]).astype(np.int32)
        spoken = pc.take(language, _owners(messages))
        for name in pc.unique(spoken).to_pylist():
            in_language = pc.equal(spoken, name).to_numpy(zero_copy_only=False)
            for role in ROLES:
                chosen = in_language & pc.equal(turns.field("role"), role).to_numpy(zero_copy_only=False)
                if chosen.any():
                    self.characters.setdefault((name, role), []).append(characters[chosen])

    def _add_images(self, images: pa.Array) -> np.ndarray:
        """Note the images; return the key of each."""
        flat = images.flatten()
        sha256, paths = flat.field("sha256").to_pylist(), flat.field("path").to_pylist()
        rows = np.zeros((len(flat), 4), np.int64)  # key, is it here, width, height
        rows[:, 0] = [hash(name or f"path {path}") for name, path in zip(sha256, paths, strict=True)]
        rows[:, 1] = [bool(name) for name in sha256]
        rows[:, 2], rows[:, 3] = (flat.field(side).to_numpy() for side in ("width", "height"))
        self.images.append(_first_of_each(rows))
        return rows[:, 0]

    def _add_boxes(self, objects: pa.Array, first_image: np.ndarray, images: np.ndarray) -> None:
        """Note the boxes: samples that show the same image repeat them."""
        flat = objects.flatten()
        if not len(flat):
            return
        shown = first_image[_owners(objects)] - first_image[0] + flat.field("image").to_numpy()
        labels = flat.field("label").dictionary_encode()
        codes = [self.label_codes.setdefault(name, len(self.label_codes)) for name in labels.dictionary.to_pylist()]
        rows = np.zeros((len(flat), 2), np.int64)  # key, label
        rows[:, 1] = np.array(codes, np.int64)[labels.indices.to_numpy()]
        images = images if len(images) else np.zeros(1, np.int64)
        edges = flat.field("box_px").flatten().to_numpy().reshape(-1, 4).view(np.int64)
        for part in (images[np.minimum(shown, len(images) - 1)], rows[:, 1], *edges.T):
            rows[:, 0] = (rows[:, 0] ^ part) * MIXER
            rows[:, 0] ^= rows[:, 0] >> 29
        self.boxes.append(_first_of_each(rows))

    def _add_groups(self, groups: pa.Array, dataset: pa.Array) -> None:
        """Note which groups there are; patient 1 of one data set is not patient 1 of another."""
        for name, parts in self.groups.items():
            pairs = _row_counts({"dataset": dataset, "name": pc.struct_field(groups, name)})
            parts.append(np.array([hash(pair) for pair in pairs if pair[1]], np.int64))

    def _add_candidates(self, columns: dict[str, pa.Array], dataset: pa.Array) -> None:
        """Keep the samples of each kind whose ids come first: ids are hashes, hence this is a fixed, fair draw."""
        traits = (dataset, _family(columns["task"]), columns["modality"], columns["language"])
        here = _all_here(columns["images"])
        keys = zip(*(each.to_pylist() for each in traits), here, strict=True)
        for row, (key, name) in enumerate(zip(keys, columns["id"].to_pylist(), strict=True)):
            kept = self.candidates.setdefault(key, [])
            if len(kept) < NUM_CANDIDATES or name < kept[-1][0]:
                new = Candidate(row=self.num_rows + row, traits=key[:-1], has_image=key[-1])
                kept.append((name, new))
                kept.sort(key=lambda pair: pair[0])
                del kept[NUM_CANDIDATES:]


def _flat(candidates: dict[tuple[Any, ...], list[tuple[str, Candidate]]]) -> list[tuple[str, Candidate]]:
    return [pair for kept in candidates.values() for pair in kept]


def _family(tasks: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(tasks, "(?s):.*", "")


def _owners(lists: pa.Array) -> np.ndarray:
    """Return for each element of all lists the row that holds it."""
    return np.repeat(np.arange(len(lists)), lists.value_lengths().to_numpy(zero_copy_only=False))


def _all_here(images: pa.Array) -> list[bool]:
    """Return for each row whether it has images and none of them is only named."""
    here = images.value_lengths().to_numpy(zero_copy_only=False) > 0
    named = pc.equal(images.flatten().field("sha256"), "").to_numpy(zero_copy_only=False)
    here[_owners(images)[named]] = False
    return here.tolist()


def _value_counts(values: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(values)
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def _row_counts(columns: dict[str, pa.Array]) -> dict[tuple[str, ...], int]:
    """Count the rows of several columns by their values."""
    counted = pa.table(columns).group_by(list(columns), use_threads=False).aggregate([([], "count_all")])
    values = zip(*(counted[name].to_pylist() for name in columns), strict=True)
    return dict(zip(values, counted["count_all"].to_pylist(), strict=True))


def _first_of_each(rows: np.ndarray) -> np.ndarray:
    """Return the first row of each key, which is the first column."""
    return rows[np.unique(rows[:, 0], return_index=True)[1]]


def _distinct(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def _lengths(parts: Sequence[np.ndarray]) -> Lengths:
    lengths = np.concatenate(parts)
    values = np.quantile(lengths, QUANTILES, method="higher")
    return Lengths(num=len(lengths), quantiles=tuple(int(value) for value in values))


def _boxes(parts: Sequence[np.ndarray], labels: Sequence[str]) -> Counter[str]:
    if not parts:
        return Counter()
    numbers = np.bincount(_first_of_each(np.concatenate(parts))[:, 1], minlength=len(labels))
    return Counter(dict(zip(labels, numbers.tolist(), strict=True)))


def _image_sizes(parts: Sequence[np.ndarray]) -> ImageSizes:
    rows = _first_of_each(np.concatenate(parts)) if parts else np.zeros((0, 4), np.int64)
    here = rows[rows[:, 1] == 1]
    classes = np.searchsorted(SIDES_PX, here[:, 2:].max(axis=1, initial=0))
    sizes, numbers = np.unique(here[:, 2:], axis=0, return_counts=True)
    order = np.argsort(-numbers, kind="stable")[:5]
    return ImageSizes(
        num=len(here),
        num_missing=len(rows) - len(here),
        by_longer_side=tuple(np.bincount(classes, minlength=len(SIDES_PX) + 1).tolist()),
        frequent=tuple(((int(sizes[i][0]), int(sizes[i][1])), int(numbers[i])) for i in order),
    )
