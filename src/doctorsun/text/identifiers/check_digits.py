"""Check digits of identity numbers: whether a row of digits can be what it looks like."""

import re
from datetime import date

_CHINESE_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHINESE_CHECKS = "10X98765432"
_TAIWAN_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
_FIRST_YEAR = 1880
_OLD_ID_LENGTH, _ID_LENGTH = 15, 18


def digits_of(text: str) -> str:
    """Return the letters and digits of a number that may be written with blanks and dashes."""
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def is_resident_id(number: str) -> bool:
    """Say whether the check digit of an 18-digit Chinese resident identity number is right.

    Source:
        GB 11643-1999, ISO 7064 MOD 11-2.
    """
    digits = digits_of(number)
    if not re.fullmatch(r"\d{17}[\dX]", digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _CHINESE_WEIGHTS, strict=False))
    return _CHINESE_CHECKS[total % 11] == digits[-1]


def holds_birth_date(number: str) -> bool:
    """Say whether a Chinese identity number of 18 or 15 digits has a region and a birth date at their places."""
    digits = digits_of(number)
    if digits[:1] not in tuple("12345689") or len(digits) not in (_OLD_ID_LENGTH, _ID_LENGTH):
        return False
    born = digits[6:14] if len(digits) == _ID_LENGTH else f"19{digits[6:12]}"
    try:
        return date.fromisoformat(f"{born[:4]}-{born[4:6]}-{born[6:]}").year >= _FIRST_YEAR
    except ValueError:
        return False


def is_nhs_number(number: str) -> bool:
    """Say whether a 10-digit number has the check digit of the British National Health Service (MOD 11)."""
    digits = digits_of(number)
    if not re.fullmatch(r"\d{10}", digits):
        return False
    remainder = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return int(digits[9]) == remainder % 11 and remainder != 10  # noqa: PLR2004 (10 is never issued)


def is_taiwan_id(number: str) -> bool:
    """Say whether a letter and nine digits have the check digit of an identity card of Taiwan."""
    digits = digits_of(number)
    if not re.fullmatch(r"[A-Z][1289]\d{8}", digits):
        return False
    letter = _TAIWAN_LETTERS.index(digits[0]) + 10
    values = [letter // 10, letter % 10, *map(int, digits[1:])]
    return (
        sum(value * weight for value, weight in zip(values, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def is_bank_card(number: str) -> bool:
    """Say whether 16 to 19 digits have the check digit of payment cards (Luhn)."""
    digits = digits_of(number)
    if not re.fullmatch(r"[3-6]\d{15,18}", digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
