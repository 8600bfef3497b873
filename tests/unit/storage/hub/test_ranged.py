from collections.abc import Iterator

import pytest

from doctorsun.errors import DataError
from doctorsun.storage.hub.ranged import MAX_SKIPPED_BYTES, cut_range, range_header

CONTENT = bytes(range(200))


def chunks(content: bytes, taken: list[int] | None = None) -> Iterator[bytes]:
    for start in range(0, len(content), 7):
        if taken is not None:
            taken.append(start)
        yield content[start : start + 7]


def test_the_header_names_the_last_byte():
    assert range_header(10, 20) == {"Range": "bytes=10-19"}


def test_a_hub_that_keeps_to_the_range():
    assert cut_range("x", 206, chunks(CONTENT[10:20]), 10, 20) == CONTENT[10:20]


def test_a_hub_that_sends_the_file_from_its_start_is_read_as_far_as_needed():
    taken: list[int] = []
    assert cut_range("x", 200, chunks(CONTENT, taken), 10, 20) == CONTENT[10:20]
    assert taken == [0, 7, 14]


def test_bytes_deep_in_a_file_that_comes_whole_are_refused():
    with pytest.raises(
        DataError, match=r"^ms:o/n/x: got a hub or mirror that sends whole files alone, expected ranges"
    ):
        cut_range("ms:o/n/x", 200, chunks(CONTENT), MAX_SKIPPED_BYTES + 1, MAX_SKIPPED_BYTES + 2)


def test_an_answer_that_ends_early_is_refused():
    with pytest.raises(DataError, match=r"^hf:o/n/x: got 9 bytes of a range of 10"):
        cut_range("hf:o/n/x", 206, chunks(CONTENT[:9]), 0, 10)
