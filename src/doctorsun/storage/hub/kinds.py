"""Which files are taken from a hub, and brought to one: tensors, tables and texts; never code."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

RepositoryKind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What is published, where it lies on a hub, and the files that it is made of.

    Attributes:
        repository: the kind of repository that hubs keep it in.
        suffixes: of the files that are taken; nothing in them is ever run.
    """

    repository: RepositoryKind
    suffixes: frozenset[str]

    def takes(self, path: str) -> bool:
        """Say whether a file of a repository is taken: by its suffix or its name, and not from a hidden folder."""
        parts = PurePosixPath(path).parts
        is_visible = not any(part.startswith(".") for part in parts)
        return is_visible and (PurePosixPath(path).suffix.lower() in self.suffixes or parts[-1] in NAMES)

    def take(self, paths: Iterable[str]) -> list[str]:
        """Return the paths that are taken, in order."""
        return sorted(path for path in paths if self.takes(path))


TEXTS = frozenset({".json", ".jinja", ".md", ".txt"})
NAMES = frozenset({"LICENSE", "NOTICE", "SHA256SUMS", "latest"})  # "latest" names the folder of a DeepSpeed checkpoint

WEIGHTS = Kinds(repository="model", suffixes=TEXTS | {".safetensors", ".bin", ".pth", ".pt", ".model"})
STORE = Kinds(repository="dataset", suffixes=TEXTS | {".parquet"})
