"""Which files are taken from a hub, and brought to one: tensors, tables and texts; no code to run."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

RepositoryKind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """What is published, where it lies on a hub, and the files that it is made of.

    Attributes:
        title: what it is, for messages.
        repository: the kind of repository that hubs keep it in.
        suffixes: of the files that are taken; nothing in them is ever run.
        needed: the file that it cannot be without, where there is one.
        texts: names of files that are taken for what they say, whatever their suffix; they are read as text.
    """

    title: str
    repository: RepositoryKind
    suffixes: frozenset[str]
    needed: str | None = None
    texts: frozenset[str] = frozenset()

    def takes(self, path: str) -> bool:
        """Say whether a file of a repository is taken: by its suffix or its name, and neither hidden nor in hiding."""
        parts = PurePosixPath(path).parts
        is_hidden = any(part.startswith(".") for part in parts)
        return not is_hidden and (
            PurePosixPath(path).suffix.lower() in self.suffixes or parts[-1] in NAMES | self.texts
        )


TEXTS = frozenset({".json", ".jinja", ".md", ".txt"})
NAMES = frozenset({"LICENSE", "NOTICE", "SHA256SUMS", "latest"})
"""Without a suffix; ``latest`` names the newest step in a checkpoint of DeepSpeed."""
TENSORS = frozenset({".safetensors", ".bin", ".pth", ".pt"})

XTUNER_CONFIG = "xtuner_config.py"  # how images entered, and the alpha of a LoRA: python_text reads it, nothing runs it

WEIGHTS = Kinds(
    title="weights",
    repository="model",
    suffixes=TEXTS | TENSORS | {".model"},
    texts=frozenset({XTUNER_CONFIG}),
)
STORE = Kinds(title="a store", repository="dataset", suffixes=TEXTS | {".parquet"}, needed="manifest.json")
