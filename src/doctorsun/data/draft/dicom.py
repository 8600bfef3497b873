"""Layout of DICOM images: what their headers hold, and a table that names them by an identifier."""

from collections.abc import Mapping, Sequence
from itertools import islice
from statistics import mean
from typing import Any

from doctorsun.data.adapters.adapter import FieldRule
from doctorsun.data.adapters.load import load_adapter
from doctorsun.data.draft.layout import Layout
from doctorsun.data.draft.page import FILL_IN
from doctorsun.data.draft.survey import Survey
from doctorsun.data.readers.dicom_listing import IDENTIFIERS, evenly
from doctorsun.data.readers.tables import rows
from doctorsun.errors import DataError, ImageError
from doctorsun.image.picture import is_dicom

_NUM_LOOKED_AT = 64
_NUM_ROWS = 2000
_ENOUGH = 0.5  # of the files must be DICOM
_LONG_TEXT = 12  # characters: shorter ones are codes, not what people wrote
_CHINESE = ("\u4e00", "\u9fff")


def dicom_images(found: Survey) -> Layout | None:
    """Guess a folder of DICOM files, with or without reports in a table."""
    looked_at = [found.files[index] for index in evenly(len(found.files), _NUM_LOOKED_AT)]
    headers = [header for name in looked_at if (header := _header(found, name))]
    if len(headers) < _ENOUGH * len(looked_at):
        return None
    said = _table(found, headers)
    return Layout(
        task="report" if said else "classification",
        reader={"kind": "dicom_images", "num_images": 4} | said,
        told=_rules(headers),
        remarks=[
            f"{len(headers)} headers were looked at; for what others may hold, see the adapter dicom_folder",
            *(["a report of an examination stands beside each of its pictures"] if said else []),
        ],
    )


def _header(found: Survey, name: str) -> dict[str, str]:
    """Return what the header of a DICOM image tells, with its identifiers; nothing for other files."""
    from doctorsun.image.dicom import open_dicom, require_picture, sound_file
    from doctorsun.image.dicom_header import header_fields, word

    path = found.root / name
    try:
        if not is_dicom(path):
            return {}
        header = open_dicom(path).frame_header(0)
        require_picture(header)
        with sound_file():
            return header_fields(header) | {keyword: word(header, keyword) for keyword in IDENTIFIERS}
    except (ImageError, OSError):  # reading the data set will name it
        return {}


def _rules(headers: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the rules of the usual adapter, as far as the headers that were looked at need them."""
    usual = load_adapter("dicom_folder")
    rules: dict[str, Any] = {}
    for key, rule in (("modality", usual.modality), ("anatomy", usual.anatomy), ("plane", usual.plane)):
        if isinstance(rule, FieldRule):
            texts = sorted({header[rule.field.strip("{}")] for header in headers})
            rules[key] = {"field": rule.field, "values": {text: rule.values.get(text, FILL_IN) for text in texts}}
    return rules | {"patient": "{patient}", "study": "{study}"}


def _table(found: Survey, headers: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the settings of a table that names most images by an identifier and holds texts; none without one."""
    for name in found.with_suffix(".csv", ".tsv", ".xlsx", ".jsonl", ".parquet"):
        try:
            listed = list(islice(rows(found.root / name), _NUM_ROWS))
        except DataError:  # some other file
            continue
        text = _text_column(listed)
        for column in listed[0]:
            values = {row.get(column, "") for row in listed} - {""}
            for keyword in IDENTIFIERS:
                if text not in ("", column) and sum(each[keyword] in values for each in headers) >= len(headers) / 2:
                    join = {"files": name, "key": f"{{{column}}}", "on": f"{{{keyword}}}", "columns": [text]}
                    is_chinese = any(_CHINESE[0] <= char <= _CHINESE[1] for row in listed for char in row.get(text, ""))
                    said = {"kind": "report", "language": "zh" if is_chinese else "en", "text": f"{{{text}}}"}
                    return {"joins": [join], "texts": [said]}
    return {}


def _text_column(listed: Sequence[Mapping[str, str]]) -> str:
    """Return the column with the longest texts that are no identifiers; nothing where all are short."""
    lengths = {
        name: mean(len(row.get(name, "")) for row in listed)
        for name in listed[0]
        if not all(set(row.get(name, "")) <= set("0123456789.") for row in listed)
    }
    longest = max(lengths, key=lambda name: lengths[name], default="")
    return longest if longest and lengths[longest] >= _LONG_TEXT else ""
