"""Images in questions: data URLs and slices of uploaded studies; nothing is ever fetched."""

import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from doctorsun.errors import RequestError
from doctorsun.image.sandbox import Sandbox
from doctorsun.serve.studies import StudyLimits, StudyStore

_DATA_URL = re.compile(r"data:image/(?:png|jpeg);base64,")
_STUDY_URL = re.compile(r"study:(study-[0-9a-f]{32})(?:\?([^#]*))?")
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_PARTS = ("series", "slice", "window")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientImages:
    """Turns the URLs of images into PNG that was written here, so that nothing of a client's file goes further.

    Attributes:
        sandbox: decodes data URLs.
        studies: what was uploaded.
        max_pixels: of an image in a data URL.
    """

    sandbox: Sandbox
    studies: StudyStore
    max_pixels: int

    def read(self, client: str, url: str) -> bytes:
        """Return the picture that a URL stands for.

        Args:
            client: the name of its key.
            url: ``data:image/png;base64,...``, ``data:image/jpeg;base64,...`` or
                ``study:ID?series=0&slice=12&window=lung``; what is left out is 0, the middle, the default.

        Raises:
            RequestError: it is an address, or a URL of another kind; or the client has no such study.
            ImageError: it holds no picture, a damaged one or one that is too large; or the study has no such slice.
        """
        study = _STUDY_URL.fullmatch(url)
        if study:
            return self._slice(client, study[1], study[2] or "")
        return self.sandbox.sanitise(_data_of(url), max_pixels=self.max_pixels)

    def _slice(self, client: str, study_id: str, query: str) -> bytes:
        parts = _parts_of(query)
        series, window = int(parts.get("series", "0")), parts.get("window", "")
        study = self.studies.get(client, study_id)
        middle = study.series[series]["default_slice"] if series < len(study.series) else 0
        index = int(parts.get("slice", middle))
        return self.studies.picture(client, study_id, series=series, index=index, window=window)


def client_images(folder: Path | None, max_pixels: int) -> ClientImages:
    """Return what reads pictures and keeps studies.

    Args:
        folder: for studies, which nobody else uses; None takes a temporary one.
        max_pixels: of a picture, and of a slice.
    """
    sandbox = Sandbox()
    studies = StudyStore(folder, sandbox, StudyLimits(max_pixels=max_pixels))
    return ClientImages(sandbox=sandbox, studies=studies, max_pixels=max_pixels)


def _parts_of(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    parts = dict(pairs)
    if len(parts) < len(pairs) or set(parts) - set(_PARTS):
        got = ", ".join(repr(name[:20]) for name, _ in pairs[:8])
        raise RequestError("parts of the study URL", got=got, expected=", ".join(_PARTS) + ", each once at most")
    for name in ("series", "slice"):
        if not _NUMBER.fullmatch(parts.get(name, "0")):
            raise RequestError(f"{name} in the study URL", got=repr(parts[name][:20]), expected="a number from 0")
    return parts


def _data_of(url: str) -> bytes:
    head = _DATA_URL.match(url)
    if head is None:
        raise RequestError(
            "image URL",
            got=repr(url[:40]),
            expected="data:image/png;base64,..., data:image/jpeg;base64,... or study:ID?series=0&slice=0",
            do="send the image itself, or upload it; this server fetches nothing",
        )
    try:
        return binascii.a2b_base64(url[head.end() :], strict_mode=True)
    except ValueError as error:  # binascii.Error, and what is told of letters beyond ASCII
        raise RequestError("image URL", got=str(error), expected="base64") from error
