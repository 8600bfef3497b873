import os
import signal
import threading

import pytest

from doctorsun.train.interruption import stop_requests, unbroken


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_request_and_a_second_one_stops_at_once(number: signal.Signals) -> None:
    with stop_requests() as stop:
        assert not stop.is_made
        os.kill(os.getpid(), number)
        assert stop.is_made
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_requests():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_block_within_a_block_shares_the_request() -> None:
    with stop_requests() as outer:
        os.kill(os.getpid(), signal.SIGTERM)
        with stop_requests() as inner:
            assert inner.is_made
        assert signal.getsignal(signal.SIGTERM) == outer.make


def test_what_is_unbroken_comes_to_its_end_whatever_comes_and_signals_are_obeyed_after_it() -> None:
    done: list[str] = []

    def work() -> None:
        with unbroken():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), number)
            done.append("written")
        done.append("more")

    with stop_requests() as stop:
        with pytest.raises(KeyboardInterrupt):
            work()
        assert stop.is_made
    assert done == ["written"]


def test_one_signal_in_what_is_unbroken_is_a_request_after_it() -> None:
    with stop_requests() as stop:
        with unbroken():
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_made


def test_an_error_in_what_is_unbroken_goes_before_a_signal() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), unbroken():
        assert os.kill(os.getpid(), signal.SIGINT) or 1 / 0
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_needs_to_be_held_back() -> None:
    done: list[str] = []

    def work() -> None:
        with unbroken():
            done.append("written")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["written"]
