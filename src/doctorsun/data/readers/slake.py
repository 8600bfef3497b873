"""Reader of SLAKE: questions in English and Chinese on CT, MR and X-ray images.

Liu et al., ISBI 2021, arXiv 2102.09542, https://huggingface.co/datasets/BoKelvin/SLAKE, CC BY 4.0: ``train.json``,
``validate.json`` and ``test.json``, and ``imgs/xmlabN/source.jpg``. Within a language the splits share no image; across
the languages they do: most test images of one language are training images of the other.
"""

import json
from pathlib import Path
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.config.suggest import one_of
from doctorsun.data.readers.captions import question_conversation
from doctorsun.data.readers.conversation import ImageRef
from doctorsun.data.readers.fields import words
from doctorsun.data.readers.image_finder import ImageFinder
from doctorsun.data.readers.imaging_words import body_part_of, modality_of, split_of
from doctorsun.data.readers.item import Dropped
from doctorsun.data.readers.layout import LAYOUT, all_of
from doctorsun.data.readers.origin import origin_of
from doctorsun.data.readers.published import Published, PublishedReader
from doctorsun.data.readers.record_reader import RawRecord
from doctorsun.data.readers.source_files import source_files
from doctorsun.schema import Answer, Groups
from doctorsun.text.normalize import exact_form

_COLUMNS = ("img_name", "question", "answer", "location", "modality", "answer_type", "content_type", "qid")
_FILES = ("train.json", "validate.json", "validation.json", "test.json")
_MODALITIES = {"CT": "ct", "MRI": "mr", "X-Ray": "xray"}
_ORGANS = {
    "Abdomen": "abdomen",
    "Brain": "brain",
    "Brain_Face": "brain",
    "Brain_Tissue": "brain",
    "Chest_heart": "chest",
    "Chest_lung": "chest",
    "Chest_mediastinal": "chest",
    "Lung": "chest",
    "Neck": "neck",
    "Pelvic Cavity": "pelvis",
}
_KINDS: dict[str, Any] = {"CLOSED": "closed", "OPEN": "open"}


def open_slake(section: ImportSource) -> PublishedReader:
    """Open SLAKE's folder, or one of its files; images are looked for in ``imgs`` beside the file.

    Raises:
        DataError: there is no file of it.
    """
    url = "https://huggingface.co/datasets/BoKelvin/SLAKE"
    files = source_files(section.path, _FILES)
    return PublishedReader(
        files=files,
        origin=origin_of(section, "slake", url=url, licence="CC-BY-4.0"),
        read_record=read_slake,
        finder=ImageFinder(section.images or (str(_images(files[0].path.parent)),), section.remap),
        layout=all_of(*_COLUMNS),
    )


def read_slake(raw: RawRecord) -> Published | Dropped:
    """Read a question; gold yes and no are in lower case, as in VQA-RAD.

    A modality or a place that the published files do not have stays in its own words.

    Returns:
        The question; or dropped as ``no_question``, ``no_answer`` or ``layout`` (an unknown kind of answer).
    """
    question, answer = words(raw.fields["question"]), words(raw.fields["answer"])
    for name, text in (("question", question), ("answer", answer)):
        if not exact_form(text):
            return Dropped(raw.id, f"no_{name}", raw.place)
    image = words(raw.fields["img_name"])
    conversation = question_conversation(raw, question, answer, [ImageRef(image)])
    if isinstance(conversation, Dropped):
        return conversation
    kind, place, modality = (words(raw.fields[name]) for name in ("answer_type", "location", "modality"))
    if kind not in _KINDS:
        fault = f"answer_type: got '{kind}', expected {one_of(_KINDS)}"
        return Dropped(raw.id, LAYOUT, f"{raw.place}: {fault}")
    gold = exact_form(answer) if exact_form(answer) in ("yes", "no") else answer
    return Published(
        conversation=conversation,
        original_id=words(raw.fields["qid"]),
        split=split_of(raw.file_name),
        answer=Answer(kind=_KINDS[kind], gold=(gold,)),
        task=words(raw.fields["content_type"]).lower(),
        modality=_MODALITIES.get(modality) or modality_of(modality),
        anatomy=_ORGANS.get(place) or body_part_of(place),
        facts=json.dumps({"triple": raw.fields.get("triple"), "base_type": raw.fields.get("base_type")}),
        groups=Groups(study=image),
    )


def _images(folder: Path) -> Path:
    return folder / "imgs" if (folder / "imgs").is_dir() else folder
