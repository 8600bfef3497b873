"""Drafting: the layouts are tried from the most to the least telling."""

from pathlib import Path

from doctorsun.data.draft.boxes import coco, voc, yolo
from doctorsun.data.draft.dicom import dicom_images
from doctorsun.data.draft.page import page_of
from doctorsun.data.draft.pictures import class_folders, mask_images
from doctorsun.data.draft.slides import slides
from doctorsun.data.draft.survey import survey
from doctorsun.data.draft.tables import arrays, table
from doctorsun.data.draft.videos import videos
from doctorsun.data.draft.volumes import volumes
from doctorsun.data.ontology.ontology import load_ontology
from doctorsun.errors import DataError

LAYOUTS = (arrays, volumes, coco, voc, yolo, mask_images, table, slides, dicom_images, videos, class_folders)


def draft_adapter(root: Path) -> str:
    """Look at a folder and write the page of its adapter.

    Raises:
        DataError: the folder is not there, is empty or follows no layout that is known.
    """
    found = survey(root)
    for guess in LAYOUTS:
        layout = guess(found)
        if layout is not None:
            return page_of(root.resolve().name, layout, load_ontology(), is_whole=found.is_whole)
    suffixes = sorted({Path(name).suffix for name in found.files})
    raise DataError(
        f"layout of {root}",
        got=f"{len(found.files)} files of the kinds {', '.join(suffixes[:12])}",
        expected="folders per class, masks, boxes, tables, arrays, volumes, slides, videos or DICOM images",
        do="write the adapter by hand: docs/adapters.md",
    )
