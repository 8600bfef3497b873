"""Manifest: what a store holds and how it was made."""

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One Parquet file of a store, by its path relative to the store."""

    path: str
    num_rows: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The table of contents of a store.

    Attributes:
        counts: per field (language, modality, task, licence, split, dataset and others), how many samples have each
            value; manifests of earlier versions count fewer fields.
        read: source items that were read; ``read == kept + dropped`` always holds.
        dropped_reasons: how many source items were dropped for each reason.
        steps: the steps that made the store, each with its settings.
        parents: SHA-256 of the manifests of the stores that this one was made from.
        inputs_sha256: hash of what the source items were made from, item by item; empty where it was not told, as of
            generated data and in manifests of earlier versions.
    """

    name: str
    shards: tuple[Shard, ...]
    schema_version: int = SCHEMA_VERSION
    counts: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    read: int = 0
    kept: int = 0
    dropped: int = 0
    dropped_reasons: dict[str, int] = field(default_factory=dict[str, int])
    steps: tuple[dict[str, Any], ...] = ()
    parents: tuple[str, ...] = ()
    inputs_sha256: str = ""

    @property
    def num_rows(self) -> int:
        """Samples in all shards."""
        return sum(shard.num_rows for shard in self.shards)
