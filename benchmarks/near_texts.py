"""Whether texts that say nearly the same are found: the evidence of docs/decisions/0008 for text.

Edited copies of real texts must be found; of real pairs that share a MinHash band it is counted what they are.

Run: doctorsun data collect examples/public_sets.yaml --root FOLDER --out STORE
     python benchmarks/near_texts.py --store STORE --out benchmarks/reports/near_texts.json
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import opencc

from doctorsun.schema import Sample
from doctorsun.storage.store import Store
from doctorsun.text.language import has_han
from doctorsun.text.shingles import bands, shingles, similarity
from doctorsun.text.telling import telling_words

LEAST = 0.8
NUM_TEXTS = 600
LEAST_CHARS = 60
EDGES = (0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0001)
EDITS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "upper case": lambda text, _: text.upper(),
    "no punctuation": lambda text, _: re.sub(r"[,.;:，。；：、]", "", text),
    "traditional characters": lambda text, _: opencc.OpenCC("s2t").convert(text),
    "a typo in 100 characters": lambda text, rng: with_typos(text, 0.01, rng),
    "a typo in 30 characters": lambda text, rng: with_typos(text, 0.03, rng),
    "the last tenth left out": lambda text, _: text[: len(text) * 9 // 10],
    "the last third left out": lambda text, _: text[: len(text) * 2 // 3],
    "a greeting before": lambda text, _: ("您好，" if has_han(text) else "Hello, ") + text,
}


def with_typos(text: str, share: float, rng: np.random.Generator) -> str:
    """Return the text with a share of its letters replaced by others of it."""
    letters = [place for place, char in enumerate(text) if char.isalpha()]
    chars = list(text)
    for place in rng.choice(letters, max(1, round(share * len(letters))), replace=False):
        chars[place] = text[rng.choice(letters)]
    return "".join(chars)


def said(sample: Sample) -> tuple[str, str]:
    """Return what is asked and what is answered."""
    turns = [(turn.role == "assistant", turn.text) for turn in sample.messages]
    return tuple("\n".join(text for is_answer, text in turns if is_answer is side) for side in (False, True))


def recall(texts: list[str]) -> dict[str, Any]:
    """Return for each edit and language how many copies share a band, and how many are then like enough."""
    rng = np.random.default_rng(0)
    report: dict[str, Any] = {}
    for name, edit in EDITS.items():
        rows: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
        for text in texts:
            one, other = shingles(text), shingles(edit(text, rng))
            meets = bool((bands(one) == bands(other)).any())
            rows["zh" if has_han(text) else "en"].append((meets, meets and similarity(one, other) >= LEAST))
        report[name] = {
            language: {"num": len(found), "share_a_band": mean(found, 0), "alike": mean(found, 1)}
            for language, found in sorted(rows.items())
        }
    return report


def mean(rows: list[tuple[bool, bool]], column: int) -> float:
    """Return the share of rows whose column is true."""
    return round(float(np.mean([row[column] for row in rows])), 4)


def real_pairs(samples: list[Sample]) -> dict[str, Any]:
    """Count pairs of texts without images that share a band: how alike they are, and why some are no duplicates."""
    texts = [said(sample) for sample in samples]
    whole = [shingles("\n".join(text)) for text in texts]
    buckets: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for row, runs in enumerate(whole):
        for number, band in enumerate(bands(runs).tolist()):
            buckets[number, band].append(row)
    pairs = {pair for rows in buckets.values() for pair in combinations(rows, 2)}
    likeness = {pair: similarity(whole[pair[0]], whole[pair[1]]) for pair in pairs}
    outcomes: Counter[str] = Counter()
    for (one, other), found in likeness.items():
        if found >= LEAST:
            outcomes[outcome(samples, texts, one, other)] += 1
    counts = np.histogram(list(likeness.values()), bins=EDGES)[0].tolist()
    return {
        "num_texts": len(samples),
        "num_pairs_that_share_a_band": len(pairs),
        "likeness": {f"{low:g}-": count for low, count in zip(EDGES, counts, strict=False)},
        f"of_those_from_{LEAST:g}_on": dict(outcomes.most_common()),
    }


def outcome(samples: list[Sample], texts: list[tuple[str, str]], one: int, other: int) -> str:
    """Return why two texts that share most of their runs are duplicates, or are not."""
    if family(samples[one]) == family(samples[other]):
        return "variants of one sample"
    if telling_words("\n".join(texts[one])) != telling_words("\n".join(texts[other])):
        return "a number, side, negation or option letter differs"
    parts = zip(texts[one], texts[other], strict=True)
    if any(similarity(shingles(mine), shingles(theirs)) < LEAST for mine, theirs in parts):
        return "the question or the answer differs"
    return "duplicate"


def family(sample: Sample) -> str:
    """Return the sample that this one varies, or itself."""
    return sample.variant.of if sample.variant else sample.id


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    samples = [sample for sample in Store(asked.store).without_images() if not sample.images]
    unique = list({said(sample): sample for sample in samples}.values())
    long = ["\n".join(said(sample)) for sample in unique if len("".join(said(sample))) >= LEAST_CHARS]
    chosen = [long[place] for place in np.random.default_rng(0).choice(len(long), NUM_TEXTS, replace=False)]
    report = {"least_similarity": LEAST, "edits": recall(chosen), "real_pairs": real_pairs(unique)}
    asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
