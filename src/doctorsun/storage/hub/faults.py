"""What can go wrong with a hub: which faults pass by themselves, and what to say of those that do not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from doctorsun.errors import DataError

Result = TypeVar("Result")

MAX_WAIT_S = 60.0
MAX_DETAIL = 200  # characters; some hubs answer with a page
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class HubWords:
    """What an error tells its reader of a hub.

    Attributes:
        title: the hub's name.
        token_variable: environment variable of the token.
        endpoint_variable: environment variable of the address, for mirrors.
    """

    title: str
    token_variable: str
    endpoint_variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One refusal or failure.

    Attributes:
        status: of HTTP; None where no answer came.
        detail: what the client says.
        retry_after_s: how long the hub wants to be left alone; None where it does not say.
        is_final: the client has tried often enough itself.
    """

    status: int | None
    detail: str
    retry_after_s: float | None = None
    is_final: bool = False

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed a little later."""
        return not self.is_final and (self.status is None or self.status in _PASSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a request is tried, with 1, 2, 4, ... seconds between, or what the hub asks for, at most a minute."""

    num_attempts: int = 5
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self, request: Callable[[], Result], errors: tuple[type[Exception], ...], read: Callable[[Exception], Fault]
    ) -> Result | Fault:
        """Return what a request gives, or its last fault; it is tried again while its faults pass by themselves.

        Args:
            request: asks the hub.
            errors: what the client raises; all else is raised as it is.
            read: turns one of these into a fault.
        """
        attempt = 1
        while True:
            try:
                return request()
            except errors as error:
                fault = read(error)
                if not fault.passes or attempt == self.num_attempts:
                    return fault
                wanted_s = fault.retry_after_s
                self.sleep(min(2.0 ** (attempt - 1) if wanted_s is None else wanted_s, MAX_WAIT_S))
                attempt += 1


def refusal(what: str, fault: Fault, words: HubWords) -> DataError:
    """Return the error for a fault that did not pass."""
    detail = " ".join(fault.detail.split())[:MAX_DETAIL]
    got = f"{words.title} gives no answer ({detail})" if fault.status is None else f"{fault.status}, {detail}"
    return DataError(what, got=got, expected=_expected(fault, words), do=_advice(fault, words))


def _expected(fault: Fault, words: HubWords) -> str:
    return f"a token that {words.title} knows" if fault.status == HTTPStatus.UNAUTHORIZED else ""


def _advice(fault: Fault, words: HubWords) -> str:
    if fault.status is None:
        return f"check the network; {words.endpoint_variable} names a mirror, and --offline takes what is here already"
    advice = {
        401: f"set {words.token_variable}; hubs also answer so for a name that does not exist",
        403: f"ask for access on its page, and set {words.token_variable} of the account that has it",
        404: f"check owner, name, revision and path; for a private repository set {words.token_variable}; "
        "a '/' in a branch's name is written %2F",
        429: "it was asked too often: wait some minutes and run again; finished files stay",
    }
    busy = "the hub is out of order: run again later; finished files stay"
    return advice.get(fault.status, busy if fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "check the address")
