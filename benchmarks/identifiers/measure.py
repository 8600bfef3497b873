"""How well identifiers are found: recall and precision on planted sentences, and alarms on real texts.

Run: python benchmarks/identifiers/measure.py --data FOLDER [--half development] [--misses 40] [--out FILE.json]
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plant import PlantedSentence, Planter
from real_texts import contexts, corpora

from doctorsun.text.identifiers.find import find_identifiers
from doctorsun.text.identifiers.span import Identifier

NUM_EACH = 90
NUM_ALARMS_LISTED = 60


@dataclass(slots=True)
class Tally:
    """What was planted of one kind in one language, and what was found of it."""

    planted: int = 0
    covered: int = 0
    right_kind: int = 0
    exact: int = 0
    alarms: int = 0
    right_alarms: int = 0
    missed: list[str] = field(default_factory=list[str])
    false: list[str] = field(default_factory=list[str])

    def row(self) -> dict[str, float]:
        """Return the numbers of the report."""
        return {
            "planted": self.planted,
            "recall": _share(self.covered, self.planted),
            "recall_of_kind": _share(self.right_kind, self.planted),
            "exact_span": _share(self.exact, self.planted),
            "found": self.alarms,
            "precision": _share(self.right_alarms, self.alarms),
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def tallies(sentences: Iterable[PlantedSentence]) -> dict[tuple[str, str], Tally]:
    """Compare what is found with what was planted.

    An identifier is covered when every character of it is masked, as whatever kind; an alarm is right when it touches
    an identifier of its kind.
    """
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for sentence in sentences:
        spans = find_identifiers(sentence.text)
        for kind, start, end in sentence.planted:
            tally = found[sentence.language, kind]
            hits = [span for span in spans if span.start < end and start < span.end]
            is_covered = set(range(start, end)) <= {place for hit in hits for place in range(hit.start, hit.end)}
            tally.planted += 1
            tally.covered += is_covered
            tally.right_kind += is_covered and any(hit.kind == kind for hit in hits)
            tally.exact += Identifier(kind, start, end) in spans  # pyright: ignore[reportArgumentType]
            if not is_covered:
                tally.missed.append(f"{sentence.text[start:end]} | {sentence.text}")
        for span in spans:
            tally = found[sentence.language, span.kind]
            right = any(
                kind == span.kind and span.start < end and start < span.end for kind, start, end in sentence.planted
            )
            tally.alarms += 1
            tally.right_alarms += right
            if not right:
                tally.false.append(f"{sentence.text[span.start : span.end]} | {sentence.text}")
    return found


def alarms(sentences: Sequence[str]) -> dict[str, Any]:
    """Count and list what is found in real sentences, where nothing was planted."""
    start = time.perf_counter()
    spans = [(sentence, span) for sentence in sentences for span in find_identifiers(sentence)]
    seconds = time.perf_counter() - start
    listed = [f"{span.kind}: {sentence[span.start : span.end]}" for sentence, span in spans]
    return {
        "sentences": len(sentences),
        "found_per_1000": round(1000 * len(spans) / len(sentences), 2),
        "by_kind": dict(Counter(span.kind for _, span in spans)),
        "sentences_per_second": round(len(sentences) / seconds),
        "listed": listed[:: max(1, len(listed) // NUM_ALARMS_LISTED)],
    }


def main() -> None:
    """Measure, print what is missed, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--half", choices=("development", "held_out"), default="held_out")
    parser.add_argument("--misses", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    texts = corpora(arguments.data)
    sentences = [
        sentence
        for language in ("zh", "en")
        for sentence in Planter(language, arguments.half, contexts(texts, language)).sentences(NUM_EACH)
    ]
    found = tallies(sentences)
    for (language, kind), tally in sorted(found.items()):
        print(f"{language} {kind:14}", json.dumps(tally.row()))  # noqa: T201
        for name, texts_of in (("missed", tally.missed), ("false", tally.false)):
            for text in texts_of[: arguments.misses]:
                print(f"   {name}: {text[:220]}")  # noqa: T201
    report: dict[str, Any] = {
        "half": arguments.half,
        "sentences": len(sentences),
        "with_identifiers": sum(bool(sentence.planted) for sentence in sentences),
        "planted": {f"{language} {kind}": tally.row() for (language, kind), tally in sorted(found.items())},
        "in_all": {language: _summed(found, language).row() for language in ("zh", "en")},
    }
    print(json.dumps({key: report[key] for key in ("sentences", "with_identifiers", "in_all")}))  # noqa: T201
    if arguments.out:
        report["real_texts"] = {name: alarms(each) for name, (_, each) in texts.items()}
        arguments.out.write_text(f"{json.dumps(report, indent=1, ensure_ascii=False)}\n", encoding="utf-8")


def _summed(found: dict[tuple[str, str], Tally], language: str) -> Tally:
    total = Tally()
    for (spoken, _), tally in found.items():
        if spoken == language:
            for name in ("planted", "covered", "right_kind", "exact", "alarms", "right_alarms"):
                setattr(total, name, getattr(total, name) + getattr(tally, name))
    return total


if __name__ == "__main__":
    main()
