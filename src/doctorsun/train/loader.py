"""Samples of the plan to packed sequences, prepared ahead of the loop in a thread of its own."""

from collections import OrderedDict
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from doctorsun.errors import DataError
from doctorsun.model.forward import PackedBatch
from doctorsun.processor.processor import Processor
from doctorsun.schema import Sample
from doctorsun.train.pack import PackItem, best_fit, collate, share_prefixes
from doctorsun.train.plan import SampleRef, StagePlan

STEPS_AHEAD = 2
CACHE_BYTES = 2**29
CACHED_ITEMS = 2**18


@dataclass(frozen=True, slots=True)
class StepBatch:
    """All that one optimizer step needs.

    Attributes:
        num_samples: samples that are in the loss.
        quarantined: (sample id, reason) of the samples that could not be used; they are not in the loss.
    """

    packs: tuple[PackedBatch, ...]
    num_samples: int
    supervised_tokens: int
    total_tokens: int
    quarantined: tuple[tuple[str, str], ...]


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
        processor: renders and decodes them.
        max_length: longest sample in tokens.
        pack_tokens: tokens of one packed sequence.
    """

    def __init__(self, plan: StagePlan, processor: Processor, *, max_length: int, pack_tokens: int) -> None:
        self.plan = plan
        self.processor = processor
        self.max_length = max_length
        self.pack_tokens = pack_tokens
        self.cache = PixelCache(processor)
        self.items: OrderedDict[SampleRef, PackItem] = OrderedDict()

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
        """Render, decode and pack the samples of one step."""
        items: list[PackItem] = []
        pixels: dict[str, UInt8[np.ndarray, "3 size size"]] = {}
        quarantined: list[tuple[str, str]] = []
        for ref in self.plan.step(step):
            item = self.items.get(ref)
            found = self.cache.find(item.images) if item else None
            if item is None or found is None:
                sample = self._sample(ref)
                try:
                    item, found = self._item(sample)
                except DataError as error:
                    quarantined.append((sample.id, str(error)))
                    continue
                self._keep(ref, item)
            items.append(item)
            pixels |= found
        packs = tuple(
            collate(pack, pixels) for pack in best_fit(share_prefixes(items, self.pack_tokens), self.pack_tokens)
        )
        return StepBatch(
            packs,
            len(items),
            sum(len(pack.targets) for pack in packs),
            sum(len(pack.ids) for pack in packs),
            tuple(quarantined),
        )

    def _keep(self, ref: SampleRef, item: PackItem) -> None:
        self.items[ref] = item
        if len(self.items) > CACHED_ITEMS:
            self.items.popitem(last=False)

    def _sample(self, ref: SampleRef) -> Sample:
        return self.plan.pools[ref.pool].store[ref.row]

    def _item(self, sample: Sample) -> tuple[PackItem, dict[str, UInt8[np.ndarray, "3 size size"]]]:
        rendered = self.processor.render(sample)
        if len(rendered.ids) > self.max_length:
            raise DataError(
                f"sample {sample.id}",
                got=f"{len(rendered.ids)} tokens",
                expected=f"at most {self.max_length}",
                do="raise the stage's max_length or shorten the sample",
            )
        if not rendered.supervised.any():
            raise DataError(f"sample {sample.id}", got="no reply", expected="an assistant turn", do="drop the sample")
        return PackItem(rendered, tuple(image.sha256 for image in sample.images)), self.cache.get(sample)
