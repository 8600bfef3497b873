"""Which rows or images are joined, directly or through others."""

from array import array


class Leaders:
    """Things that are joined have one leader.

    Args:
        num: of things; each is its own leader at first.
    """

    def __init__(self, num: int) -> None:
        self._leaders = array("q", range(num))

    def of(self, thing: int) -> int:
        """Return the leader of a thing."""
        leaders = self._leaders
        while leaders[thing] != thing:
            leaders[thing] = leaders[leaders[thing]]
            thing = leaders[thing]
        return thing

    def join(self, one: int, other: int) -> None:
        """Give two things, and all that is joined to them, the leader of the first."""
        self._leaders[self.of(other)] = self.of(one)
