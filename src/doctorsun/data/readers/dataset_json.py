"""The ``dataset.json`` of the Medical Segmentation Decathlon and of nnU-Net: what the values of its label maps mean."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from doctorsun.errors import DataError


@lru_cache(maxsize=32)
def labels_of_dataset(path: Path) -> dict[str, tuple[int, ...]]:
    """Return each label with the values that belong to it; the background is left out.

    The Decathlon and AMOS write ``{"1": "liver"}``, nnU-Net 2 writes ``{"liver": 1, "whole tumour": [1, 2, 3]}``.

    Raises:
        DataError: the file cannot be read, or has no labels.

    Source: http://medicaldecathlon.com; nnU-Net, documentation/dataset_format.md and region_based_training.md.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}", got=str(error), expected="the JSON file of the data set") from error
    labels: Any = content.get("labels") if isinstance(content, dict) else None
    try:
        pairs = [_label(str(key), value) for key, value in labels.items()]
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: labels", got=repr(labels)[:80], expected='pairs such as "1": "liver" or "liver": 1'
        ) from error
    return {name: values for name, values in pairs if values != (0,)}


def _label(key: str, value: Any) -> tuple[str, tuple[int, ...]]:
    if key.isdecimal() and isinstance(value, str):
        return value, (int(key),)
    values = value if isinstance(value, list) else [value]
    return key, tuple(int(each) for each in values)
