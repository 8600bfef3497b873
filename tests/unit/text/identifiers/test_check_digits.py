"""Check digits of identity numbers."""

import pytest

from doctorsun.text.identifiers import check_digits as check


@pytest.mark.parametrize(
    ("holds", "right", "wrong"),
    [
        (check.is_resident_id, "11010519491231002X", "110105194912310021"),
        (check.is_resident_id, "440524 18800101 0014", "44052418800101001"),
        (check.holds_birth_date, "110105194912310021", "110105194913310021"),
        (check.holds_birth_date, "110105491231002", "710105491231002"),
        (check.is_nhs_number, "943 476 5919", "943 476 5918"),
        (check.is_taiwan_id, "A123456789", "A123456788"),
        (check.is_bank_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
    ],
)
def test_numbers_are_told_by_their_check_digits(holds, right, wrong):
    assert holds(right)
    assert not holds(wrong)
