"""Spans that overlap become one."""

from doctorsun.text.identifiers.span import Identifier, merged


def test_overlapping_spans_become_one_of_the_longest_kind():
    found = [Identifier("name", 4, 6), Identifier("phone", 0, 3), Identifier("date", 5, 9), Identifier("url", 9, 10)]
    assert merged(found) == (Identifier("phone", 0, 3), Identifier("date", 4, 9), Identifier("url", 9, 10))


def test_of_equal_spans_the_first_kind_stays():
    assert merged([Identifier("id_number", 2, 5), Identifier("phone", 2, 5)]) == (Identifier("id_number", 2, 5),)
