from doctorsun.endpoint.pace import Pace


class Clock:
    """A clock that goes on only while somebody sleeps, or is moved."""

    def __init__(self) -> None:
        self.now = 50.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_turns_come_at_equal_intervals_and_a_pause_is_not_caught_up() -> None:
    clock = Clock()
    pace = Pace(30, clock=clock, sleep=clock.sleep)
    for _ in range(3):
        pace.wait()
    assert clock.slept == [2.0, 2.0]
    clock.now += 100
    pace.wait()
    pace.wait()
    assert clock.slept == [2.0, 2.0, 2.0]


def test_without_a_limit_nobody_waits() -> None:
    clock = Clock()
    pace = Pace(None, clock=clock, sleep=clock.sleep)
    pace.wait()
    pace.wait()
    assert clock.slept == []
