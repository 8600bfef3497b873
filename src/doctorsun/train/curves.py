"""Which numbers of an event are drawn as curves, under which names."""

import math
from collections.abc import Iterator

from doctorsun.train.telemetry import Event

CURVE_EVENTS = ("step", "validation", "evaluation")
_NO_CURVES = ("step", "time", "best_step")


def curves_of(event: Event) -> dict[str, float]:
    """Return the numbers of an event by curve: ``loss``, ``loss_by_source/phantom``, ``validation/loss``, ...

    Numbers that are not finite are left out.
    """
    if event["event"] not in CURVE_EVENTS:
        return {}
    prefix = "" if event["event"] == "step" else f"{event['event']}/"
    return {f"{prefix}{name}": value for name, value in _numbers(event) if math.isfinite(value)}


def _numbers(facts: Event, path: str = "") -> Iterator[tuple[str, float]]:
    for name, value in facts.items():
        if not path and name in _NO_CURVES:
            continue
        if isinstance(value, dict):
            yield from _numbers(value, f"{path}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{name}", float(value)
