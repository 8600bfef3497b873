"""A conversation with a run, a folder of weights or a running server."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from doctorsun.errors import ImageError, RequestError
from doctorsun.image.file import naming, read_bytes
from doctorsun.image.raster import read_image_file
from doctorsun.image.study.kinds import BEGINNING_BYTES, kind_of
from doctorsun.schema import Message, image_part, text_part
from doctorsun.weights.folder import find_weights

Answer = Callable[[Sequence[Message], Sequence[bytes]], Iterator[str]]
API_KEY_VARIABLE = "DOCTORSUN_API_KEY"
EXPECTED = "a finished run, a folder of weights, or the URL of a server"


class Conversation:
    """Keeps the turns and images of one conversation.

    Args:
        answer: streams the reply to all turns so far.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._messages: list[Message] = []
        self._images: list[bytes] = []

    def ask(self, text: str, image: Path | None = None) -> Iterator[str]:
        """Yield the reply piece by piece; a reply that was broken off is forgotten together with its question.

        Raises:
            ImageError: the image cannot be read.
            RequestError: the model cannot take the question, or it is not text.
        """
        _require_text(text)
        shown = [_picture(image)] if image else []
        content = (*(image_part() for _ in shown), text_part(text))
        messages = [*self._messages, Message(role="user", content=content)]
        images = [*self._images, *shown]
        reply: list[str] = []
        for piece in self._answer(messages, images):
            reply.append(piece)
            yield piece
        self._messages = [*messages, Message(role="assistant", content=(text_part("".join(reply)),))]
        self._images = images

    def reset(self) -> None:
        """Forget what was said and shown."""
        self._messages, self._images = [], []


def _picture(path: Path) -> bytes:
    """Read a picture; what the page of a server shows, and this does not, is told apart from what nobody can show."""
    with naming(path):
        kind = kind_of(read_bytes(path)[:BEGINNING_BYTES])
        if kind not in (None, "picture"):
            got, do = (
                f"a {kind} file",
                "show it on the page of 'doctorsun serve', with its slices and windows",
            )
            raise ImageError("image of a question", got=got, expected="a picture such as PNG or JPEG", do=do)
    return read_image_file(path).bytes or b""


def _require_text(text: str) -> None:
    """Refuse what the terminal gave in another encoding: Python keeps such bytes as half characters."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            "question",
            got="bytes that are not UTF-8",
            expected="text in UTF-8",
            do="set the terminal to UTF-8, or convert the text, for example with iconv",
        ) from error


@contextmanager
def open_chat(model: str, *, max_tokens: int) -> Generator[Conversation]:
    """Open a conversation with a run folder, a weights folder or a server's URL.

    A server's key is taken from the environment variable ``DOCTORSUN_API_KEY``.

    Raises:
        RequestError: there is no such folder, the run has no weights yet, or the server offers no model.
        WeightsError: the weights cannot be loaded.
    """
    is_remote = model.startswith(("http://", "https://"))
    weights = None if is_remote else find_weights(Path(model), expected=EXPECTED)
    with _remote(model, max_tokens) if weights is None else _local(weights, max_tokens) as answer:
        yield Conversation(answer)


@contextmanager
def _local(weights: Path, max_tokens: int) -> Generator[Answer]:
    """Answer as a server of these weights does: the same prompts, decoding and ends."""
    from doctorsun.serve.engine import Piece, Question
    from doctorsun.serve.engines import local_engine

    async def following(pieces: AsyncGenerator[Piece]) -> Piece | None:
        return await anext(pieces, None)

    with TemporaryDirectory() as state, local_engine(weights, Path(state)) as (engine, _), asyncio.Runner() as runner:

        def answer(messages: Sequence[Message], images: Sequence[bytes]) -> Iterator[str]:
            question = Question(messages=tuple(messages), images=tuple(images), max_tokens=max_tokens)
            pieces = engine.answer(question)
            try:
                while piece := runner.run(following(pieces)):
                    if piece.text:
                        yield piece.text
            finally:
                runner.run(_closed(pieces))

        runner.run(engine.start())
        try:
            yield answer
        finally:
            runner.run(engine.close())


async def _closed(pieces: AsyncGenerator[Any]) -> None:
    await pieces.aclose()


@contextmanager
def _remote(url: str, max_tokens: int) -> Generator[Answer]:
    from doctorsun.endpoint.client import Endpoint, EndpointClient

    key = os.environ.get(API_KEY_VARIABLE)
    with EndpointClient(Endpoint(url=url, model="", api_key=key)) as listing:
        name = next(iter(listing.models()), None)
    if name is None:
        raise RequestError(f"server {url}", got="no model", expected="one")
    with EndpointClient(Endpoint(url=url, model=name, api_key=key)) as client:
        yield lambda messages, images: client.stream(messages, images, max_tokens=max_tokens)
