import pytest

from doctorsun.bench.data import measure_data


@pytest.mark.slow  # it starts the real command five times
def test_imports_of_generated_pairs_are_timed() -> None:
    facts = measure_data(num_pairs=40, num_more=50, pairings=1)
    assert (facts["pairs"], facts["more_pairs"]) == (40, 50)
    assert all(value > 0 for value in facts.values())
    assert facts["more_peak_memory_mib"] > 10
