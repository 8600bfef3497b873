"""Lay the samples of a step out in packed sequences without padding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from doctorsun.model.attention import Document, PackLayout
from doctorsun.model.flops import Work, seen_pairs
from doctorsun.model.forward import PackedBatch
from doctorsun.processor.processor import Rendered


@dataclass(frozen=True, slots=True)
class PackItem:
    """A rendered sample, the hashes of its images, in order, and its place among the plan's origins.

    Attributes:
        lost_turns: questions with their replies, at its end, that did not fit.
    """

    rendered: Rendered
    images: tuple[str, ...]
    origin: int = 0
    lost_turns: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Samples that share one prefix: the same images under the same opening tokens."""

    items: tuple[PackItem, ...]

    @property
    def prefix_length(self) -> int:
        """Tokens of the shared prefix."""
        return self.items[0].rendered.prefix_length

    @property
    def branch_lengths(self) -> tuple[int, ...]:
        """Tokens of each sample after the prefix."""
        return tuple(len(item.rendered.ids) - self.prefix_length for item in self.items)

    @property
    def length(self) -> int:
        """Tokens of the prefix and of all branches."""
        return self.prefix_length + sum(self.branch_lengths)

    @property
    def work(self) -> Work:
        """What passes through the network."""
        return Work(
            tokens=self.length,
            pairs=seen_pairs([Document(0, self.prefix_length, self.branch_lengths)]),
            targets=sum(int(item.rendered.supervised.sum()) for item in self.items),
            images=len(self.items[0].images),
        )


def share_prefixes(items: Sequence[PackItem], capacity: int) -> list[Group]:
    """Join samples with equal prefixes; a group never grows beyond ``capacity`` tokens."""
    open_groups: dict[tuple[bytes, tuple[str, ...]], list[PackItem]] = {}
    lengths: dict[tuple[bytes, tuple[str, ...]], int] = {}
    groups: list[Group] = []
    for item in items:
        rendered, key = item.rendered, _prefix(item)
        if key is None:
            groups.append(Group((item,)))
            continue
        added = len(rendered.ids) - rendered.prefix_length
        if key in open_groups and lengths[key] + added > capacity:
            groups.append(Group(tuple(open_groups.pop(key))))
        if key not in open_groups:
            open_groups[key], lengths[key] = [], rendered.prefix_length
        open_groups[key].append(item)
        lengths[key] += added
    return groups + [Group(tuple(members)) for members in open_groups.values()]


def neighbours(items: Sequence[PackItem]) -> list[Group]:
    """Join samples that stand next to each other and have equal prefixes: the groups that a pack was made of."""
    groups: list[list[PackItem]] = []
    for item in items:
        if groups and _prefix(item) and _prefix(item) == _prefix(groups[-1][0]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [Group(tuple(members)) for members in groups]


def _prefix(item: PackItem) -> tuple[bytes, tuple[str, ...]] | None:
    """Return what samples that share a prefix have in common; None where there is none."""
    length = item.rendered.prefix_length
    return (item.rendered.ids[:length].tobytes(), item.images) if length else None


def best_fit(groups: Sequence[Group], capacity: int) -> list[list[Group]]:
    """Put groups into as few sequences of at most ``capacity`` tokens as best-fit-decreasing finds."""
    packs: list[list[Group]] = []
    room: list[int] = []
    for group in sorted(groups, key=lambda group: -group.length):
        fitting = [index for index, left in enumerate(room) if left >= group.length]
        if fitting:
            index = min(fitting, key=lambda index: room[index])
            packs[index].append(group)
            room[index] -= group.length
        else:
            packs.append([group])
            room.append(capacity - group.length)
    return packs


def collate(pack: Sequence[Group], pixels: Mapping[str, UInt8[np.ndarray, "3 size size"]]) -> PackedBatch:
    """Build the tensors of one packed sequence."""
    ids: list[np.ndarray] = []
    supervised: list[np.ndarray] = []
    targets: list[np.ndarray] = []
    origins: list[np.ndarray] = []
    documents: list[Document] = []
    rows: list[torch.Tensor] = []
    images: list[np.ndarray] = []
    start = 0
    for group in pack:
        prefix = group.prefix_length
        ids.append(group.items[0].rendered.ids[:prefix])
        images += [pixels[name] for name in group.items[0].images]
        offset = start + prefix
        for item in group.items:
            branch, counts = item.rendered.ids[prefix:], item.rendered.supervised[prefix:]
            ids.append(branch)
            # A reply never opens a branch, so each supervised token has its predictor just before it, in the branch.
            places = np.flatnonzero(counts)
            supervised.append(offset + places - 1)
            targets.append(branch[places])
            origins.append(np.full(len(places), item.origin))
            offset += len(branch)
        documents.append(Document(start, prefix, group.branch_lengths))
        rows.append(torch.from_numpy(np.concatenate(supervised[-len(group.items) :]) - start))
        start = offset
    return PackedBatch(
        ids=torch.from_numpy(np.concatenate(ids).astype(np.int64)),
        positions=torch.cat([document.positions() for document in documents]),
        layout=PackLayout.of(tuple(documents), rows),
        pixels=torch.from_numpy(np.stack(images)) if images else torch.empty((0, 3, 0, 0), dtype=torch.uint8),
        supervised=torch.from_numpy(np.concatenate(supervised)),
        targets=torch.from_numpy(np.concatenate(targets).astype(np.int64)),
        origins=torch.from_numpy(np.concatenate(origins)),
    )
