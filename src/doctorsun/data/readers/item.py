"""Items: what every reader yields, one per record of its source."""

from dataclasses import dataclass

from doctorsun.schema import Sample


@dataclass(frozen=True, slots=True)
class Dropped:
    """A source item that gives no sample: a reason from a short fixed list, and the details of this case."""

    original_id: str
    reason: str
    detail: str = ""


Item = tuple[Sample, ...] | Dropped
"""The samples of one source item, at least one; or why there are none."""
