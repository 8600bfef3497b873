"""Identifiers in sentences that a grammar of its own plants: how many are masked, and how much else."""

import importlib.util
import sys
from pathlib import Path

import pytest

from doctorsun.text.identifiers.find import find_identifiers

PLANTER = Path(__file__).parents[4] / "benchmarks" / "identifiers" / "plant.py"
CONTEXTS = {
    "zh": ["建议您及时就医，注意休息。", "这种情况需要进一步检查。"],
    "en": ["Rest is advised.", "The cause is not known."],
}
NUM_EACH, LEAST_SENTENCES = 36, 1000
LEAST_RECALL, LEAST_PRECISION = 0.98, 0.99


@pytest.fixture(scope="module")
def plant():
    spec = importlib.util.spec_from_file_location("plant", PLANTER)
    module = importlib.util.module_from_spec(spec)
    sys.modules["plant"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("half", ["development", "held_out"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nearly_all_planted_identifiers_and_nearly_nothing_else_is_masked(plant, language, half):
    sentences = plant.Planter(language, half, CONTEXTS[language]).sentences(NUM_EACH)
    planted = [(each, span) for each in sentences for span in each.planted]
    found = [(each, span) for each in sentences for span in find_identifiers(each.text)]
    covered = [is_covered(each.text, start, end) for each, (_, start, end) in planted]
    right = [any(span.start < end and start < span.end for _, start, end in each.planted) for each, span in found]
    assert len(sentences) * len(CONTEXTS) > LEAST_SENTENCES
    assert sum(covered) / len(covered) >= LEAST_RECALL
    assert sum(right) / len(right) >= LEAST_PRECISION


def is_covered(text, start, end):
    masked = {place for span in find_identifiers(text) for place in range(span.start, span.end)}
    return set(range(start, end)) <= masked


def test_the_same_sentences_are_planted_each_time(plant):
    first, second = (plant.Planter("zh", "held_out", CONTEXTS["zh"]).sentences(3) for _ in range(2))
    assert first == second


def test_what_plants_knows_nothing_of_what_finds():
    assert "doctorsun" not in PLANTER.read_text(encoding="utf-8")


def test_identity_numbers_that_are_planted_are_right(plant):
    import random

    assert plant.resident_id(random.Random(1))[-1] in "0123456789X"
    assert len({plant.resident_id(random.Random(number)) for number in range(9)}) == 9
