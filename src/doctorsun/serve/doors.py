"""The doors of the server: how many requests, or bytes of them, may be inside at once, of each client and of all."""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

from doctorsun.errors import RequestError
from doctorsun.serve.engine import EngineFailure

Hold = Callable[[int], None]
"""Takes so much room in all, more or less than before; raises `Crowded` where there is none."""

_RESERVE = 4  # one place in so many is kept for clients that hold few


class Crowded(RequestError):  # noqa: N818 (what happened)
    """There is no free place; the request can be sent again.

    Attributes:
        wait_s: when that may help.
    """

    wait_s: float = 1.0


class Doors:
    """Gives places to requests. Used from the event loop alone.

    With several clients none can fill the house: the last quarter of the places goes to those that hold less than
    their share.

    Args:
        max_open: how many requests may be inside at once, or how many bytes of them.
        num_clients: how many keys there are.
        full: what there is when nobody else fits in.
    """

    def __init__(self, max_open: int, *, num_clients: int = 1, full: str = "too many at once") -> None:
        self._max_open = max_open
        self._full = full
        self._num_clients = num_clients
        self._inside: Counter[str] = Counter()
        self._are_closing = False

    @property
    def num_inside(self) -> int:
        """Places or bytes that are taken."""
        return self._inside.total()

    @property
    def are_closing(self) -> bool:
        """Whether nobody is let in any more."""
        return self._are_closing

    def close(self) -> None:
        """Let nobody in any more; those inside stay until they are done."""
        self._are_closing = True

    def require_open(self) -> None:
        """Require that somebody may still be let in.

        Raises:
            EngineFailure: the doors are closing.
        """
        if self._are_closing:
            raise EngineFailure("the server stops", do="send the request again later")

    def check(self, client: str) -> None:
        """Refuse who would find no place now; this takes none.

        Raises:
            EngineFailure: the doors are closing.
            Crowded: there is no place for this client.
        """
        self.require_open()
        if self._is_full_for(client):
            raise Crowded("request", got=self._full, expected="a free place", do="send it again later")

    @contextmanager
    def place(self, client: str) -> Generator[None]:
        """Hold a place as long as the context lasts.

        Raises:
            EngineFailure: the doors are closing.
            Crowded: there is no place for this client.
        """
        with self.room(client) as hold:
            hold(1)
            yield

    @contextmanager
    def room(self, client: str) -> Generator[Hold]:
        """Hold as much as is said, each time anew, as long as the context lasts; to take more can be refused."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if size > held:
                self.check(client)
            self._inside[client] += size - held
            held = size

        try:
            yield hold
        finally:
            self._inside[client] -= held
            if not self._inside[client]:
                del self._inside[client]

    def _is_full_for(self, client: str) -> bool:
        num_inside = self.num_inside
        is_full = num_inside >= self._max_open
        if self._num_clients > 1 and num_inside >= self._max_open - self._max_open // _RESERVE:
            is_full = is_full or self._inside[client] >= max(1, self._max_open // self._num_clients)
        return is_full
