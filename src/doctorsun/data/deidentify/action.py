"""Action: what was done to one part of a file, and why; never what stood there."""

from dataclasses import dataclass
from typing import Literal

Deed = Literal["removed", "emptied", "replaced", "shifted", "cleaned", "blanked", "kept"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that was done.

    Attributes:
        where: the part, by its name in the format: "(0010,0010) PatientName", "EXIF GPSInfo", "descrip", "pixels".
        what: what was done to it.
        why: the rule: "PS3.15 E.1-1: Z", "private", "text".
    """

    where: str
    what: Deed
    why: str
