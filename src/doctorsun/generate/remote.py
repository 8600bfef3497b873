"""Answers from a server that speaks the OpenAI chat API, in the shape that a local engine gives."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from doctorsun.endpoint.client import EndpointClient
from doctorsun.errors import DataError, ImageError, RequestError
from doctorsun.generate.chat import TextAnswer
from doctorsun.generate.prompting import shown_images
from doctorsun.image.raster import decode, encode_png
from doctorsun.schema import Message, Sample

_MAX_FAILURES_IN_A_ROW = 16
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def answer_samples_remotely(
    client: EndpointClient, samples: Sequence[Sample], max_tokens: int, *, num_parallel: int = 8
) -> Iterator[TextAnswer]:
    """Answer the last question of every sample, greedily; answers come in any order, as soon as each is ready.

    A question that cannot be put, or that the server fails to answer, comes back with the reason. Questions about
    boxes are among them: only a local processor can write coordinates.

    Raises:
        RequestError: many questions in a row failed; those not yet sent are given up.
    """

    def answer(index: int) -> TextAnswer:
        try:
            messages = _turns_before_last_reply(samples[index])
            images = [_sendable(image) for image in shown_images(samples[index], messages)]
            text, finish, num_tokens = client.complete(messages, images, max_tokens=max_tokens, temperature=0.0)
        except (RequestError, DataError, ImageError) as error:
            return TextAnswer(index, "", 0, truncated=False, error=error)
        return TextAnswer(index, text, num_tokens, finish == "length")

    with ThreadPoolExecutor(num_parallel) as pool:
        answers = [pool.submit(answer, index) for index in range(len(samples))]
        num_failed = 0
        try:
            for done in as_completed(answers):
                found = done.result()
                num_failed = num_failed + 1 if isinstance(found.error, RequestError) else 0
                yield found
                if found.error and num_failed >= _MAX_FAILURES_IN_A_ROW:
                    raise found.error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _sendable(image: bytes) -> bytes:
    """Return a PNG or JPEG as it is, and any other picture as PNG."""
    return image if image.startswith((_PNG, _JPEG)) else encode_png(np.asarray(decode(image)))


def _turns_before_last_reply(sample: Sample) -> tuple[Message, ...]:
    replies = [i for i, message in enumerate(sample.messages) if message.role == "assistant"]
    messages = sample.messages[: replies[-1]] if replies else sample.messages
    if any("<box>#" in message.text for message in messages):
        raise DataError(
            f"sample {sample.id}",
            got="a question about a box",
            expected="words and images only",
            do="ask the weights themselves, or leave such samples out",
        )
    return messages
