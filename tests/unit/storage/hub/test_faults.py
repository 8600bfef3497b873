import pytest

from doctorsun.storage.hub.faults import MAX_DETAIL, Fault, HubWords, Patience, refusal

WORDS = HubWords(title="The hub", token_variable="A_TOKEN", endpoint_variable="AN_ENDPOINT")  # noqa: S106


class BusyError(Exception):
    """What a client raises."""


class Client:
    """Fails so often, and then answers."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.waits: list[float] = []

    def ask(self, num_attempts: int = 5) -> object:
        patience = Patience(num_attempts=num_attempts, sleep=self.waits.append)
        return patience.ask(self._request, (BusyError,), lambda error: error.args[0])

    def _request(self) -> str:
        if self.faults:
            raise BusyError(self.faults.pop(0))
        return "the answer"


def busy(status: int | None = 503, wanted_s: float | None = None, *, is_final: bool = False) -> Fault:
    return Fault(status=status, detail="busy", retry_after_s=wanted_s, is_final=is_final)


def test_an_answer_is_not_waited_for():
    client = Client()
    assert client.ask() == "the answer"
    assert client.waits == []


@pytest.mark.parametrize("status", [None, 408, 429, 500, 502, 503, 504])
def test_a_fault_that_passes_is_tried_again_after_longer_and_longer(status: int | None):
    client = Client(*[busy(status)] * 4)
    assert client.ask() == "the answer"
    assert client.waits == [1, 2, 4, 8]


def test_the_hub_says_how_long_to_wait_up_to_a_minute():
    client = Client(busy(429, 7.0), busy(429, 0.0), busy(429, 3600.0))
    assert client.ask() == "the answer"
    assert client.waits == [7, 0, 60]


def test_patience_ends():
    client = Client(*[busy()] * 4)
    assert client.ask(num_attempts=3) == busy()
    assert client.waits == [1, 2]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_taken_at_once(status: int):
    client = Client(busy(status))
    assert client.ask() == busy(status)
    assert client.waits == []


def test_a_fault_that_the_client_has_tried_is_final():
    client = Client(busy(is_final=True))
    assert client.ask() == busy(is_final=True)
    assert client.waits == []


def test_other_errors_are_not_caught():
    with pytest.raises(ZeroDivisionError):
        Patience().ask(lambda: 1 // 0, (BusyError,), lambda _: busy())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            401,
            "hf:o/n: got 401, busy, expected a token that The hub knows; set A_TOKEN; hubs also answer so for a name",
        ),
        (403, "hf:o/n: got 403, busy; ask for access on its page, and set A_TOKEN of the account"),
        (404, "hf:o/n: got 404, busy; check owner, name, revision and path; for a private repository set A_TOKEN"),
        (429, "hf:o/n: got 429, busy; it was asked too often: wait some minutes and run again"),
        (503, "hf:o/n: got 503, busy; the hub is out of order: run again later; finished files stay"),
        (400, "hf:o/n: got 400, busy; check the address"),
        (
            None,
            "hf:o/n: got The hub gives no answer (busy); check the network; AN_ENDPOINT names a mirror, and --offline",
        ),
    ],
)
def test_every_refusal_says_what_to_do(status: int | None, words: str):
    assert refusal("hf:o/n", busy(status), WORDS).text().startswith(words)


def test_a_page_for_an_answer_is_shortened():
    error = refusal("hf:o/n", Fault(status=500, detail="<html>\n\n" + "x" * 5000), WORDS)
    assert error.got.startswith("500, <html> xxx")
    assert len(error.got) == len("500, ") + MAX_DETAIL
