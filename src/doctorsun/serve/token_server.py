"""The engine process of a server: ``python -m doctorsun.serve.token_server SOCKET WEIGHTS``.

It has a process of its own since every step of a network is many short calls from Python: beside a gateway in the same
process, which writes events for every client between them, the steps would wait for the interpreter.
"""

import logging
import socket
import sys
from contextlib import suppress
from pathlib import Path

from doctorsun.errors import DoctorSunError, RequestError
from doctorsun.generate.engine import Engine
from doctorsun.serve.engine import EngineFailure
from doctorsun.serve.token_frames import Asked, Events, FrameSocket, Hello, Withdrawn
from doctorsun.weights.folder import revision_of

logger = logging.getLogger(__name__)


def main() -> None:
    """Load weights, listen, and answer the gateway until this process is ended."""
    path, weights = sys.argv[1:]
    try:
        engine = _load(Path(weights))
        revision = revision_of(Path(weights))
    except DoctorSunError as error:
        with _listening(path) as listener, listener.accept()[0] as connection:
            FrameSocket(connection).send(error)
        sys.exit(error.exit_status)
    with _listening(path) as listener:
        while True:
            with listener.accept()[0] as connection:
                answer_gateway(engine, revision, connection)


def _listening(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    return listener


def answer_gateway(engine: Engine, revision: str, connection: socket.socket) -> None:
    """Answer what comes over a connection until the other end closes it; what then still runs is given up.

    Args:
        engine: answers; nobody else uses it meanwhile.
        revision: of its weights.
        connection: to the gateway.
    """
    gateway = FrameSocket(connection)
    session = _Session(engine, gateway)
    try:
        with suppress(EOFError, ConnectionError):
            gateway.send(Hello(engine.max_length, revision))
            session.run()
    finally:
        session.withdraw_all()


class _Session:
    """One gateway's requests; the engine knows them by its tickets, the gateway by its numbers."""

    def __init__(self, engine: Engine, gateway: FrameSocket) -> None:
        self._engine = engine
        self._gateway = gateway
        self._numbers: dict[int, int] = {}

    def run(self) -> None:
        while True:
            events: Events = []
            for message in self._gateway.receive(wait=not self._numbers):
                events += self._obey(message)
            events += self._step() if self._numbers else []
            if events:
                self._gateway.send(events)

    def withdraw_all(self) -> None:
        for ticket in self._numbers:
            self._engine.cancel(ticket)
        self._numbers.clear()

    def _obey(self, message: Asked | Withdrawn) -> Events:
        if isinstance(message, Withdrawn):
            for ticket in [ticket for ticket, number in self._numbers.items() if number == message.number]:
                del self._numbers[ticket]
                self._engine.cancel(ticket)
            return []
        try:
            self._numbers[self._engine.submit(message.request)] = message.number
        except RequestError as error:
            return [(message.number, error)]
        except Exception:
            logger.exception("the engine could not take a request")
            return [(message.number, _failed())]
        return []

    def _step(self) -> Events:
        try:
            tokens = self._engine.step()
        except Exception:
            # Whatever broke, such as memory that ran out: these requests fail, the next ones find a clean batch.
            logger.exception("the engine failed; %d running requests are given up", len(self._numbers))
            events: Events = [(number, _failed()) for number in self._numbers.values()]
            self.withdraw_all()
            return events
        events = [(self._numbers[token.request], token) for token in tokens]
        for token in tokens:
            if token.finish:
                del self._numbers[token.request]
        return events


def _failed() -> EngineFailure:
    return EngineFailure("the engine failed", do="send the request again")


def _load(weights: Path) -> Engine:
    """Load weights, onto the accelerator where there is one."""
    import torch

    from doctorsun.generate.engine import LocalEngine
    from doctorsun.generate.thread_share import ThreadShare
    from doctorsun.weights.hugging_face import load_weights

    model, processor = load_weights(weights)
    torch.nn.Module.to(model, "cuda" if torch.cuda.is_available() else "cpu")
    ThreadShare(model).leave(are_needed=True)  # by those who read requests and write answers, all the time
    return LocalEngine(model, image_mean=processor.images.mean, image_std=processor.images.std)


if __name__ == "__main__":
    main()
