"""Requests for samples: prompts, pixels and options, prepared by threads of their own while the network runs."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache, partial
from itertools import islice

import numpy as np
from jaxtyping import UInt8

from doctorsun.errors import DataError, ImageError
from doctorsun.generate.options import option_forms
from doctorsun.generate.request import Request
from doctorsun.generate.thread_share import ThreadShare
from doctorsun.processor.processor import Processor
from doctorsun.schema import Message, Sample

_MAX_KEPT_IMAGES = 64
_MAX_AHEAD = 128
_MAX_THREADS = 8

_Decoded = Mapping[bytes, Future[UInt8[np.ndarray, "3 size size"]]]


def shown_images(sample: Sample, messages: Sequence[Message]) -> tuple[bytes, ...]:
    """Return the images that the first turns of a sample show.

    Raises:
        DataError: the turns show more images than there are, or one that is only a reference.
    """
    num_images = sum(message.num_images for message in messages)
    images = [image.bytes for image in sample.images[:num_images] if image.bytes is not None]
    if len(images) != num_images:
        got = f"the bytes of {len(images)}"
        raise DataError(f"images of sample {sample.id}", got=got, expected=f"the bytes of {num_images}")
    return tuple(images)


def requests_for(
    processor: Processor, samples: Sequence[Sample], max_tokens: int, cores: ThreadShare
) -> Iterator[Request | ImageError]:
    """Yield a greedy request for the last question of every sample, in their order, some prepared ahead.

    An image that neighbours share is decoded once. The options that a sample's ``answer`` offers are weighed. Where an
    image cannot be read, the error stands in place of the request. As long as some are prepared, the network leaves
    them the cores.

    Raises:
        DataError: a sample lacks an image.
    """
    forms = partial(option_forms, cache(processor.continuation))

    def request(sample: Sample, decoded: _Decoded) -> Request:
        messages = processor.question(sample)
        prompt_ids = tuple(processor.prompt(messages))
        options = sample.answer.options if sample.answer else ()
        return Request(
            prompt_ids=prompt_ids,
            pixels=tuple(decoded[image].result() for image in shown_images(sample, messages)),
            max_tokens=max_tokens,
            stop_ids=processor.stop_ids,
            options=forms(messages[-1].text, options, prompt_ids[-1]) if options else (),
        )

    def request_or_error(sample: Sample, decoded: _Decoded) -> Request | ImageError:
        try:
            return request(sample, decoded)
        except ImageError as error:
            return error

    remaining = iter(samples)
    waiting: deque[Future[Request | ImageError]] = deque()
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MAX_THREADS), "prompts") as workers:
        pixels = lru_cache(maxsize=_MAX_KEPT_IMAGES)(partial(workers.submit, processor.pixels))
        try:
            while True:
                for each in islice(remaining, _MAX_AHEAD - len(waiting)):
                    # The images come first in the queue, so that no thread waits for one that nobody has begun.
                    decoded = {image.bytes: pixels(image.bytes) for image in each.images if image.bytes is not None}
                    waiting.append(workers.submit(request_or_error, each, decoded))
                if not waiting:
                    return
                prepared = waiting.popleft().result()
                cores.leave(are_needed=bool(waiting) and not waiting[-1].done())
                yield prepared
        finally:
            workers.shutdown(cancel_futures=True)
