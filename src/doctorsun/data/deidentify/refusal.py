"""Refusal: a file that cannot be made clean, and is not written."""

from doctorsun.errors import DataError


class Refusal(DataError):  # noqa: N818 (no fault: it is what the command is for)
    """Say why a file is not written; its text goes into the report, so it never holds a value, a name or a path."""

    code = "refused"
