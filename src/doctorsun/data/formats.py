"""The formats of ``doctorsun data import``, each with the reader that opens it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from doctorsun.config.collection import ImportSource
from doctorsun.config.suggest import did_you_mean
from doctorsun.data.readers.bbh import open_bbh
from doctorsun.data.readers.chimed import open_chimed
from doctorsun.data.readers.dialogue import open_dialogue
from doctorsun.data.readers.dialogue_sets import open_cmtmedqa, open_toyhom
from doctorsun.data.readers.exam import open_exam
from doctorsun.data.readers.exam_sets import open_ceval, open_cmexam, open_cmmlu, open_medxpertqa, open_mmlu
from doctorsun.data.readers.gmai import open_gmai
from doctorsun.data.readers.hub_parquet import open_hub_parquet
from doctorsun.data.readers.item import Reader
from doctorsun.data.readers.llava import open_alpaca, open_llava
from doctorsun.data.readers.llava_med import open_llava_med
from doctorsun.data.readers.medquad import open_medquad
from doctorsun.data.readers.parallel import open_parallel
from doctorsun.data.readers.pmc_vqa import open_pmc_vqa
from doctorsun.data.readers.preference import open_preference
from doctorsun.data.readers.prose import open_openstax, open_prose
from doctorsun.data.readers.pubmedqa import open_pubmedqa
from doctorsun.data.readers.pubmedvision import open_pubmedvision
from doctorsun.data.readers.question_table import open_questions
from doctorsun.data.readers.report_sets import open_mimic_reports, open_r2gen
from doctorsun.data.readers.slake import open_slake
from doctorsun.data.readers.sunmed import open_sunmed
from doctorsun.data.readers.tico19 import open_tico19
from doctorsun.data.readers.vqa_rad import open_vqa_rad
from doctorsun.data.readers.webdataset import open_webdataset
from doctorsun.errors import RecipeError


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One format: its name, what it is in a line, and what opens files of it."""

    name: str
    summary: str
    open: Callable[[ImportSource], Reader[Any]]


FORMATS: tuple[ImportFormat, ...] = (
    ImportFormat("alpaca", "Instructions with input, output and history, as in LLaMA-Factory", open_alpaca),
    ImportFormat("bbh", "BIG-Bench Hard: English tasks of reasoning, for evaluation", open_bbh),
    ImportFormat("ceval", "C-Eval: Chinese multiple choice by subject, for evaluation", open_ceval),
    ImportFormat("chimed", "ChiMed-VL, the data of Qilin-Med-VL; images are joined by their file names", open_chimed),
    ImportFormat(
        "cmexam", "CMExam: questions of the Chinese medical licensing examination, with explanations", open_cmexam
    ),
    ImportFormat("cmmlu", "CMMLU: Chinese multiple choice by subject, for evaluation", open_cmmlu),
    ImportFormat("cmtmedqa", "CMtMedQA (Zhongjing): Chinese dialogues of several turns", open_cmtmedqa),
    ImportFormat("dialogue", "Questions and answers or dialogues of your own: tables or JSON", open_dialogue),
    ImportFormat(
        "exam", "Examination questions of your own: tables or JSON with options, right letters, explanations", open_exam
    ),
    ImportFormat("gmai", "GMAI-VL-5.5M: annotation files or a list of them; boxes become objects", open_gmai),
    ImportFormat(
        "hub-parquet", "Data sets in the Parquet form of the Hugging Face hub, images inside", open_hub_parquet
    ),
    ImportFormat("llava", "Conversations with or without images: LLaVA, ShareGPT or OpenAI messages", open_llava),
    ImportFormat(
        "llava-med", "LLaVA-Med: alignment, instruction and evaluation files, figure captions", open_llava_med
    ),
    ImportFormat(
        "medquad", "MedQuAD: questions and answers from pages of the National Institutes of Health", open_medquad
    ),
    ImportFormat("medxpertqa", "MedXpertQA's evaluation inputs, with MedQA's test and medical MMLU", open_medxpertqa),
    ImportFormat(
        "mimic-reports", "MIMIC-CXR: the test studies with their reports' findings, for evaluation", open_mimic_reports
    ),
    ImportFormat("mmlu", "MMLU: English multiple choice by subject, for evaluation", open_mmlu),
    ImportFormat("openstax-anatomy", "OpenStax' Anatomy and Physiology: the pages of the book", open_openstax),
    ImportFormat("parallel", "English and Chinese texts of your own: TMX, tables, aligned text files", open_parallel),
    ImportFormat("pmc-vqa", "PMC-VQA: multiple choice on figures, versions 1 and 2", open_pmc_vqa),
    ImportFormat(
        "preference", "A reply that was chosen and those that were rejected: JSON or tables, as of TRL", open_preference
    ),
    ImportFormat("prose", "Documents of your own: Markdown, plain text, HTML, XML, JSON", open_prose),
    ImportFormat("pubmedqa", "PubMedQA: yes, no or maybe from an abstract; the test set is marked", open_pubmedqa),
    ImportFormat("pubmedvision", "PubMedVision, the data of HuatuoGPT-Vision, English and Chinese", open_pubmedvision),
    ImportFormat(
        "questions",
        "Questions of your own, with or without images: tables whose columns are named",
        open_questions,
    ),
    ImportFormat("r2gen", "R2Gen's annotation.json of IU X-Ray or MIMIC-CXR: radiographs with reports", open_r2gen),
    ImportFormat("slake", "SLAKE: questions on CT, MR and X-ray images, English and Chinese", open_slake),
    ImportFormat(
        "sunmed", "SunMed-VL, the data of Doctor Sun: pretrain.json, finetune.json, image archives", open_sunmed
    ),
    ImportFormat("tico19", "TICO-19: sentences and terms on COVID-19, English and Chinese", open_tico19),
    ImportFormat("toyhom", "Toyhom: questions of Chinese patients and physicians' answers", open_toyhom),
    ImportFormat("vqa-rad", "VQA-RAD: questions on radiographs, CT and MR slices", open_vqa_rad),
    ImportFormat(
        "webdataset", "WebDataset: tar archives of images with a record of turns or a caption beside", open_webdataset
    ),
)


def open_import(source: ImportSource) -> Reader[Any]:
    """Open files of a named format; paths are taken as they stand.

    Raises:
        RecipeError: there is no such format.
        DataError: the files cannot be read.
    """
    for each in FORMATS:
        if each.name == source.format:
            return each.open(source)
    known = [each.name for each in FORMATS]
    raise RecipeError(
        "import format",
        got=f"'{source.format}'",
        expected=f"one of {', '.join(known)}",
        do=did_you_mean(source.format, known, otherwise="'doctorsun data formats' says what each is"),
    )
