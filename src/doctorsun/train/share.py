"""How the samples of one step are shared among ranks, so that all have about as much to compute."""

from collections.abc import Sequence


def spread(costs: Sequence[float], num_ranks: int) -> list[list[int]]:
    """Give each rank the places of some costs, so that the largest sum is small; within a rank the order stays.

    Source: longest processing time first, Graham, SIAM Journal on Applied Mathematics 17:416 (1969): at most 4/3 of
    the best possible.
    """
    sums = [0.0] * num_ranks
    places: list[list[int]] = [[] for _ in range(num_ranks)]
    for place in sorted(range(len(costs)), key=lambda place: (-costs[place], place)):
        rank = min(range(num_ranks), key=lambda rank: (sums[rank], rank))
        sums[rank] += costs[place]
        places[rank].append(place)
    return [sorted(each) for each in places]
