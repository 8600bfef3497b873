"""Numbers about a server for Prometheus; nothing of what was asked or answered is in them."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from doctorsun.serve.answered import Answered

_FIRST_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
_PER_TOKEN_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)


class Metrics:
    """Counts in a registry of its own, so that several applications may live in one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests by route and status.", ("route", "status"))
        self._answers = self._counter("answers", "Answers by how they ended.", ("outcome",))
        self._prompt_tokens = self._counter("prompt_tokens", "Tokens of questions.")
        self._tokens = self._counter("tokens", "Tokens of answers.")
        self._images = self._counter("images", "Pictures that the engine was shown.")
        self._first_s = self._histogram("first_token_seconds", "From a request to its first token.", _FIRST_S)
        self._per_token_s = self._histogram("token_seconds", "Mean time of an answer's later tokens.", _PER_TOKEN_S)

    def watch(self, name: str, says: str, value: Callable[[], float]) -> None:
        """Show a number that is looked up whenever somebody asks."""
        Gauge(f"doctorsun_{name}", says, registry=self._registry).set_function(value)

    def count_request(self, route: str, status: int) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()

    def count_answer(self, answered: Answered) -> None:
        """Count what became of a question."""
        self._answers.labels(answered.outcome).inc()
        self._images.inc(len(answered.images))
        self._prompt_tokens.inc(answered.num_prompt_tokens)
        self._tokens.inc(answered.num_tokens)
        if answered.first_s is not None:
            self._first_s.observe(answered.first_s)
        if answered.num_tokens > 1:
            self._per_token_s.observe(answered.rest_s / (answered.num_tokens - 1))

    def text(self) -> bytes:
        """Return all numbers in the text format of Prometheus."""
        return generate_latest(self._registry)

    def _counter(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"doctorsun_{name}", says, labels, registry=self._registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"doctorsun_{name}", says, buckets=buckets, registry=self._registry)
