"""The files that the ranks of a DeepSpeed training wrote, and the flat tensors in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doctorsun.errors import WeightsError
from doctorsun.weights.tensors.torch_file import TorchArchive, read_pickled
from doctorsun.weights.tensors.torch_pickle import Inert, StoredTensor

if TYPE_CHECKING:
    from torch import Tensor

MODEL_STATES, OPTIMIZER_STATES = "*_model_states.pt", "*_optim_states.pt"
RANK = re.compile(r"(?:.*zero_pp_rank_(?P<rank>\d+)_)?mp_rank_(?P<slice>\d+)_")
PARTITIONED = 3
"""The stage of ZeRO at which each rank holds a part of every parameter (arXiv 1910.02054, section 5)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Numbers that lie one after the other in one file: ``num_elements`` of a flat tensor, from ``first``."""

    archive: TorchArchive
    flat: StoredTensor
    first: int
    num_elements: int

    def read_into(self, numbers: "Tensor", name: str) -> None:
        """Fill ``[num_elements]`` with them, which messages call by the name.

        Raises:
            WeightsError: the file is cut or damaged.
        """
        self.archive.read_into(numbers, self.flat, name, self.first)


@dataclass(frozen=True, slots=True)
class RankFile:
    """What one rank wrote.

    Attributes:
        archive: its file.
        content: the dictionary in it.
    """

    archive: TorchArchive
    content: dict[str, Any]

    def get(self, key: str, kind: type[Any]) -> Any:
        """Return an entry.

        Raises:
            WeightsError: there is none, or it is of another kind.
        """
        value = self.content.get(key)
        if not isinstance(value, kind):
            raise self.wrong(f"{key} of type {type(value).__name__}", kind.__name__)
        return value

    def flat(self, tensor: object) -> Part:
        """Return the whole of a flat tensor.

        Raises:
            WeightsError: it is no tensor of one axis, or its storage is missing.
        """
        if not isinstance(tensor, StoredTensor) or len(tensor.header.shape) != 1 or tensor.stride != (1,):
            raise self.wrong("a part that is no flat tensor", "flat tensors")
        self.archive.find(tensor.storage)
        return Part(self.archive, tensor, 0, tensor.header.shape[0])

    def wrong(self, got: str, expected: str) -> WeightsError:
        """Return the error for what is not as DeepSpeed writes it."""
        return WeightsError(f"{self.archive.path}", got=got, expected=expected, do="copy the checkpoint again")


def is_zero_checkpoint(path: Path) -> bool:
    """Return whether this is a folder that DeepSpeed wrote, such as mmengine's ``iter_N.pth``."""
    return path.is_dir() and any(any(path.glob(pattern)) for pattern in (MODEL_STATES, OPTIMIZER_STATES))


def optimizer_files(folder: Path) -> tuple[int, list[RankFile]]:
    """Return the stage of ZeRO and what the ranks' optimizers wrote, by rank.

    Raises:
        WeightsError: the file of a rank is missing or damaged, or the stage is unknown.
    """
    ranks = _read(folder, OPTIMIZER_STATES)
    ranks = [RankFile(rank.archive, rank.get("optimizer_state_dict", dict)) for rank in ranks]
    first = ranks[0]
    counts = first.content.get("partition_count")
    expected = max(counts, default=None) if isinstance(counts, list) else counts
    if not isinstance(expected, int):
        raise first.wrong(f"partition_count {counts}", "how many ranks there were")
    _check_complete(folder, OPTIMIZER_STATES, len(ranks), expected)
    stage = _stage(first)
    return stage, ranks


def model_files(folder: Path, *, stage: int, num_ranks: int) -> list[RankFile]:
    """Return what the ranks wrote of the network, by rank: at stage 3 each its part, else the first rank alone.

    Raises:
        WeightsError: the file of a rank is missing or damaged.
    """
    ranks = _read(folder, MODEL_STATES)
    _check_complete(folder, MODEL_STATES, len(ranks), num_ranks if stage == PARTITIONED else 1)
    return ranks


def cut(flats: Sequence[Part], first: int, num_elements: int) -> tuple[Part, ...]:
    """Return the parts of ``num_elements`` numbers from ``first``, where the flat tensors follow one another."""
    parts: list[Part] = []
    begin = 0
    for flat in flats:
        start, stop = max(first, begin), min(first + num_elements, begin + flat.num_elements)
        if start < stop:
            parts.append(Part(flat.archive, flat.flat, flat.first + start - begin, stop - start))
        begin += flat.num_elements
    return tuple(parts)


def _read(folder: Path, pattern: str) -> list[RankFile]:
    """Read the files of the ranks, each the first one there is no more of."""
    by_rank: dict[int, Path] = {}
    for path in sorted(folder.glob(pattern)):
        match = RANK.match(path.name)
        rank = int(match["rank"] or 0) if match else -1
        if match is None or int(match["slice"]) or rank in by_rank:
            got = f"the file {path.name}"
            expected = "a model whose layers are not split over ranks"
            raise WeightsError(
                f"{folder}", got=got, expected=expected, do="convert it with DeepSpeed's zero_to_fp32.py"
            )
        by_rank[rank] = path
    if sorted(by_rank) != list(range(len(by_rank))) or not by_rank:
        missing = next(number for number in range(len(by_rank) + 1) if number not in by_rank)
        raise _missing(folder, pattern, missing)
    archives = [read_pickled(by_rank[rank]) for rank in range(len(by_rank))]
    for archive in archives:
        if not isinstance(archive.tree, dict):
            raise RankFile(archive, {}).wrong(f"a {type(archive.tree).__name__}", "a dictionary")
    return [RankFile(archive, archive.tree) for archive in archives]


def _check_complete(folder: Path, pattern: str, num_files: int, expected: int) -> None:
    if num_files < expected:
        raise _missing(folder, pattern, num_files)
    if num_files > expected:
        got = f"{num_files} files {pattern}"
        raise WeightsError(f"{folder}", got=got, expected=f"{expected}", do="remove what another training left")


def _missing(folder: Path, pattern: str, rank: int) -> WeightsError:
    return WeightsError(
        f"{folder}",
        got=f"no file {pattern} of rank {rank}",
        expected="one of every rank",
        do="copy it from the machine of that rank; the half-precision weights may be in mp_rank_00_model_states.pt",
    )


def _stage(rank: RankFile) -> int:
    stage = rank.content.get("zero_stage", 1)  # DeepSpeed's optimizer for bfloat16 is like stage 1, and tells none
    if isinstance(stage, Inert) and stage.arguments:
        stage = stage.arguments[0]  # of the enumeration ZeroStageEnum
    if not isinstance(stage, int) or not 1 <= stage <= PARTITIONED:
        raise rank.wrong(f"zero_stage {stage}", "1, 2 or 3")
    return stage
