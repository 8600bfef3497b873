"""HTTP that waits only so long for what a client has to send: uvicorn's own protocol waits for ever."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """Closes connections on which a request's head, or a body that nobody reads any more, does not come to its end.

    The time runs from the connection, from the first byte of a head or from the end of the answer, however often the
    client sends a byte; bodies that are read have limits where they are read.
    """

    patience_s = 15.0
    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Look whether what was waited for is there."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of the request, or for the next one."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_watching()
        super().connection_lost(exc)

    def _watch(self) -> None:
        is_answered = bool(self.cycle) and self.cycle.response_complete  # None before the first request
        if self.conn.their_state is h11.IDLE or (is_answered and self.conn.their_state is h11.SEND_BODY):
            if self._closing is None:
                self._closing = self.loop.call_later(self.patience_s, self.transport.close)
        else:
            self._stop_watching()

    def _stop_watching(self) -> None:
        if self._closing:
            self._closing.cancel()
            self._closing = None
