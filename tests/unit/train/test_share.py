from hypothesis import given
from hypothesis import strategies as st

from doctorsun.train.share import spread

COSTS = st.lists(st.floats(0.1, 100), max_size=30)


def test_one_rank_takes_everything_in_its_order() -> None:
    assert spread([1.0, 3.0, 2.0], 1) == [[0, 1, 2]]


def test_the_longest_go_first_to_the_rank_with_the_least() -> None:
    assert spread([1.0, 5.0, 3.0, 3.0], 2) == [[0, 1], [2, 3]]


def test_ranks_may_stay_without_anything() -> None:
    assert spread([2.0], 3) == [[0], [], []]


@given(costs=COSTS, num_ranks=st.integers(1, 5))
def test_everything_is_given_once_and_no_rank_has_much_more_than_it_must(costs: list[float], num_ranks: int) -> None:
    shares = spread(costs, num_ranks)
    assert sorted(place for share in shares for place in share) == list(range(len(costs)))
    sums = [sum(costs[place] for place in share) for share in shares]
    # Whoever has most took its last piece while nobody had less than it.
    assert max(sums) - min(sums) <= max(costs, default=0.0) + 1e-9
