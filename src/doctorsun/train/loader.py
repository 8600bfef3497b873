"""Samples of the plan to batches, prepared ahead of the loop in a thread of its own."""

from collections import OrderedDict
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from doctorsun.errors import DataError, TooLong
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.train.objective import AnyObjective, Batch, Item
from doctorsun.train.plan import SampleRef, StagePlan
from doctorsun.train.world import World

STEPS_AHEAD = 2
CACHE_BYTES = 2**29
CACHED_ITEMS = 2**18

Pixels = dict[str, UInt8[np.ndarray, "3 size size"]]
"""Decoded images by hash."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A sample that cannot be used: its place in the plan, its id (place where that is unreadable) and the reason."""

    ref: SampleRef
    sample: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepBatch:
    """All that a rank needs for one optimizer step.

    Attributes:
        batches: the rank's own.
        num_passes: forward passes of the rank that makes most of them.
        num_samples: samples that are in the loss: the rank's own, and once `StageLoop` has asked, those of all ranks;
            so are the other counts.
        quarantined: the samples that could not be used; they are not in the loss. Those whose text shows it are told
            by the first rank.
        num_shortened: samples of the whole step that lost their last turns.
        num_too_long: samples of the whole step that are left out because they are too long.
    """

    batches: tuple[Batch, ...]
    num_samples: int
    num_targets: int
    total_tokens: int
    quarantined: tuple[Quarantined, ...]
    num_passes: int = 0
    num_shortened: int = 0
    num_too_long: int = 0


class PixelCache:
    """Decoded images by hash, the oldest dropped first."""

    def __init__(self, processor: Processor, capacity_bytes: int = CACHE_BYTES) -> None:
        self._processor = processor
        self._capacity_bytes = capacity_bytes
        self._size_bytes = 0
        self._pixels: OrderedDict[str, UInt8[np.ndarray, "3 size size"]] = OrderedDict()

    def get(self, sample: Sample) -> dict[str, UInt8[np.ndarray, "3 size size"]]:
        """Return the pixels of a sample's images.

        Raises:
            DataError: an image is a reference only, or cannot be decoded.
        """
        return {image.sha256: self._one(sample, index) for index, image in enumerate(sample.images)}

    def find(self, names: Sequence[str]) -> dict[str, UInt8[np.ndarray, "3 size size"]] | None:
        """Return images by hash, or None where one of them is not kept."""
        return {name: self._pixels[name] for name in names} if all(name in self._pixels for name in names) else None

    def _one(self, sample: Sample, index: int) -> UInt8[np.ndarray, "3 size size"]:
        image = sample.images[index]
        if image.sha256 in self._pixels:
            self._pixels.move_to_end(image.sha256)
            return self._pixels[image.sha256]
        if image.bytes is None:
            raise DataError(
                f"image {index} of sample {sample.id}",
                got="a reference without bytes",
                expected="the image itself",
                do="make the store again, with its images",
            )
        pixels = self._processor.pixels(image.bytes)
        self._pixels[image.sha256] = pixels
        self._size_bytes += pixels.nbytes
        while self._size_bytes > self._capacity_bytes:
            self._size_bytes -= self._pixels.popitem(last=False)[1].nbytes
        return pixels


class Loader:
    """Iterates over the steps of a plan from any step on.

    Args:
        plan: which samples each step holds.
        objective: prepares them and lays them out.
        cache: decodes their images; several stages may share it.
        world: the ranks that share each step; this process alone when None.
    """

    def __init__(self, plan: StagePlan, objective: AnyObjective, cache: PixelCache, world: World | None = None) -> None:
        self.plan = plan
        self.world = world or World()
        self.objective = objective
        self.cache = cache
        self.items: OrderedDict[SampleRef, Item] = OrderedDict()
        self.quarantined: dict[SampleRef, Quarantined] = {}

    def leave_out(self, quarantined: Iterable[Quarantined]) -> None:
        """Take over what an earlier process could not use, so that the same samples are missing in this one."""
        self.quarantined |= {each.ref: each for each in quarantined}

    def steps(self, start: int, end: int) -> Generator[StepBatch]:
        """Yield the batches of steps ``start`` to ``end - 1``."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="loader") as executor:
            ahead: list[Future[StepBatch]] = []
            try:
                for step in range(start, end + STEPS_AHEAD):
                    if step < end:
                        ahead.append(executor.submit(self.load, step))
                    if step >= start + STEPS_AHEAD:
                        yield ahead.pop(0).result()
            finally:
                for future in ahead:
                    future.cancel()

    def load(self, step: int) -> StepBatch:
        """Prepare and lay out the samples of one step; decode and build this rank's share of them.

        Every rank computes the same layout, from the texts alone. What is found damaged after that is left out of its
        pass, so that the layout does not depend on who looks.
        """
        refs: dict[int, SampleRef] = {}
        items: list[Item] = []
        quarantined: list[Quarantined] = []
        num_too_long = 0
        for ref in self.plan.step(step):
            try:
                item = self._item(ref)
            except TooLong:
                num_too_long += 1
            except DataError as error:
                quarantined.append(self._leave_out(ref, error))
            else:
                items.append(item)
                refs[id(item)] = ref
        layout = self.objective.layout(items, self.world.size)
        quarantined = quarantined if self.world.is_first else []
        batches: list[Batch] = []
        num_samples = 0
        for planned in layout[self.world.rank]:
            usable, pixels = self._decode([(refs[id(item)], item) for item in planned], quarantined)
            if usable:
                batches.append(self.objective.batch(usable, pixels))
                num_samples += len(usable)
        return StepBatch(
            tuple(batches),
            num_samples,
            sum(batch.num_targets for batch in batches),
            sum(batch.num_tokens for batch in batches),
            tuple(quarantined),
            max(map(len, layout)),
            sum(item.lost_turns > 0 for item in items),
            num_too_long,
        )

    def _decode(
        self, planned: Sequence[tuple[SampleRef, Item]], quarantined: list[Quarantined]
    ) -> tuple[list[Item], Pixels]:
        """Return the samples whose images can be had, and these by hash; add the others to what is quarantined."""
        usable: list[Item] = []
        pixels: Pixels = {}
        for ref, item in planned:
            try:
                pixels |= self._pixels(ref, item)
            except DataError as error:
                quarantined.append(self._leave_out(ref, error))
            else:
                usable.append(item)
        return usable, pixels

    def _pixels(self, ref: SampleRef, item: Item) -> Pixels:
        """Return the images of a sample; one that was found unusable before stays so."""
        if ref in self.quarantined:
            raise DataError(self.quarantined[ref].reason)
        found = self.cache.find(item.images)
        return self.cache.get(self._store(ref)[ref.row]) if found is None else found

    def _leave_out(self, ref: SampleRef, error: DataError) -> Quarantined:
        if ref not in self.quarantined:
            self.quarantined[ref] = Quarantined(ref, sample_name(self.plan, ref), str(error))
        return self.quarantined[ref]

    def _item(self, ref: SampleRef) -> Item:
        """Return a prepared sample, from memory where it was there before."""
        if ref not in self.items:
            sample = self._store(ref).without_bytes(ref.row)
            self.items[ref] = self.objective.item(sample, origin=self.plan.origin(ref.pool, sample.language))
            if len(self.items) > CACHED_ITEMS:
                self.items.popitem(last=False)
        return self.items[ref]

    def _store(self, ref: SampleRef) -> Store:
        return self.plan.pools[ref.pool].store


def sample_name(plan: StagePlan, ref: SampleRef) -> str:
    """Return the id of a sample; its source and row where the shard that holds it is damaged."""
    pool = plan.pools[ref.pool]
    try:
        return pool.store.without_bytes(ref.row).id
    except DataError:
        return f"{pool.name}, row {ref.row}"
