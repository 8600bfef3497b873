"""Answers from a server that speaks the OpenAI chat API, in the shape that a local engine gives."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from doctorsun.endpoint.client import EndpointClient
from doctorsun.errors import DataError
from doctorsun.generate.chat import TextAnswer
from doctorsun.generate.prompting import shown_images
from doctorsun.schema import Message, Sample


def answer_samples_remotely(
    client: EndpointClient, samples: Sequence[Sample], max_tokens: int, *, num_parallel: int = 8
) -> Iterator[TextAnswer]:
    """Answer the last question of every sample, greedily; answers come in any order, as soon as each is ready.

    Raises:
        DataError: a sample lacks an image, or asks about a box, whose coordinates only a local processor can write.
        RequestError: the server refuses, fails or cannot be reached; questions not yet sent are given up.
    """

    def answer(index: int) -> TextAnswer:
        messages = _turns_before_last_reply(samples[index])
        images = shown_images(samples[index], messages)
        text, finish, num_tokens = client.complete(messages, images, max_tokens=max_tokens, temperature=0.0)
        return TextAnswer(index, text, num_tokens, finish == "length")

    with ThreadPoolExecutor(num_parallel) as pool:
        answers = [pool.submit(answer, index) for index in range(len(samples))]
        try:
            for done in as_completed(answers):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


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
