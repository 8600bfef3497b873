"""The one family of errors that a user can meet.

DoctorSunError
├── RecipeError        a recipe or a command-line setting is wrong
├── DataError          data cannot be read, converted or trusted
│   ├── ImageError     one image cannot be decoded or used
│   └── TooLong        one sample does not fit the length that was given, without being damaged
├── WeightsError       weights or a checkpoint cannot be loaded or saved
├── RequestError       a question to the model is wrong, or the server refuses it
├── MachineError       the work does not fit this machine (memory, disk, device)
├── MissingDependency  an optional library is not installed
└── Interrupted        the user or the system asked to stop; the work can go on later

Every text says four things in this order: what, got, expected, do.
"""

from typing import ClassVar


class DoctorSunError(Exception):
    """Carry a message in four parts, a stable code and the exit status of the command line.

    Args:
        what: the thing that is wrong, with its place (``file:line:column`` where there is one).
        got: what was found.
        expected: what would be right.
        do: what the reader can do now.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, what: str, *, got: str = "", expected: str = "", do: str = "") -> None:
        self.what = what
        self.got = got
        self.expected = expected
        self.do = do
        super().__init__(self.text())

    def text(self) -> str:
        """Return the message as one line: what, got, expected, do."""
        parts = [self.what]
        if self.got:
            parts.append(f"got {self.got}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        line = ": ".join(parts[:1]) + "".join(f", {part}" if i else f": {part}" for i, part in enumerate(parts[1:]))
        return f"{line}; {self.do}" if self.do else line


class RecipeError(DoctorSunError):
    """A recipe, a setting or a command-line argument is wrong."""

    code = "recipe"
    exit_status = 2


class DataError(DoctorSunError):
    """Data cannot be read, converted or trusted."""

    code = "data"
    exit_status = 4


class ImageError(DataError):
    """One image cannot be decoded or used."""

    code = "image"


class TooLong(DataError):  # noqa: N818 (no fault of the sample)
    """One sample does not fit the length that was given."""

    code = "too_long"


class WeightsError(DoctorSunError):
    """Weights or a checkpoint cannot be loaded or saved."""

    code = "weights"
    exit_status = 4


class RequestError(DoctorSunError):
    """A question to the model is wrong, or the server refuses it."""

    code = "request"
    exit_status = 2


class MachineError(DoctorSunError):
    """The work does not fit this machine: memory, disk or device."""

    code = "machine"
    exit_status = 3


class MissingDependency(DoctorSunError):  # noqa: N818 (the name says what is missing, as in the docs)
    """An optional library is not installed."""

    code = "dependency"
    exit_status = 3


class Interrupted(DoctorSunError):  # noqa: N818 (not a fault)
    """The user or the system asked to stop; what is saved allows the work to go on."""

    code = "interrupted"
    exit_status = 5
