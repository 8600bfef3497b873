"""The questions of tasks: found where users have them, and read as far as they are asked."""

from collections import Counter
from pathlib import Path
from shutil import rmtree
from zipfile import ZipFile

import pytest

from doctorsun.data.readers.item import Dropped
from doctorsun.data.task_reader import find_files, open_task
from doctorsun.errors import DataError
from doctorsun.eval.tasks import task_named
from doctorsun.schema import Answer, Sample
from published_data import write_images, write_json, write_json_lines


def read(name: str, path: Path) -> tuple[list[Sample], Counter[str]]:
    """Return the questions of a task, and how many records were dropped for which reason."""
    task = task_named(name)
    reader = open_task(task, find_files(task, path))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    return samples, Counter(item.reason for item in items if isinstance(item, Dropped))


def write_page(folder: Path, *, where: str = "{}", columns: str = "{id: id}") -> str:
    """Write a page of a user's own questions, and return its path."""
    source = f"{{format: questions, files: q.json, language: en, where: {where}, columns: {columns}}}"
    page = folder / "mine.yaml"
    page.write_text(
        f"name: mine\ntitle: Mine\nlanguages: [en]\nlicence: CC0-1.0\ncitation: Nobody.\nsources:\n  - {source}\n"
    )
    return str(page)


def slake(number: int, language: str) -> dict[str, object]:
    return {
        "img_id": number,
        "img_name": f"xmlab{number}/source.jpg",
        "question": "What is it?" if language == "en" else "这是什么？",
        "answer": "Lung" if language == "en" else "肺",
        "q_lang": language,
        "location": "Lung",
        "modality": "CT",
        "answer_type": "OPEN",
        "base_type": "vqa",
        "triple": ["vhead", "_", "_"],
        "qid": number,
        "content_type": "Organ",
    }


def test_a_task_asks_its_language_alone_and_lacking_images_are_references(tmp_path: Path) -> None:
    write_json(tmp_path / "Slake1.0/test.json", [slake(1, "en"), slake(2, "zh"), slake(3, "en")])
    samples, dropped = read("slake_en", tmp_path)
    assert [sample.source.original_id for sample in samples] == ["1", "3"]
    assert dropped == Counter()
    assert [(image.bytes, image.path) for image in samples[0].images] == [(None, "xmlab1/source.jpg")]
    assert {sample.language for sample in read("slake_zh", tmp_path)[0]} == {"zh"}


@pytest.mark.parametrize("named", [".", "Slake1.0", "Slake1.0/test.json"])
def test_ids_do_not_depend_on_the_folder_that_is_named(tmp_path: Path, named: str) -> None:
    write_json(tmp_path / "Slake1.0/test.json", [slake(1, "en")])
    assert read("slake_en", tmp_path / named)[0][0].id == read("slake_en", tmp_path)[0][0].id


def test_ids_of_a_page_do_not_depend_on_the_names_of_folders(tmp_path: Path) -> None:
    page = write_page(tmp_path)
    for folder in ("first", "second"):
        write_json(tmp_path / folder / "q.json", [{"id": 1, "question": "Is it?", "answer": "yes"}])
    (sample,), _ = read(page, tmp_path / "first")
    assert read(page, tmp_path / "second")[0][0].id == sample.id
    assert (sample.source.dataset, sample.source.licence) == ("mine", "CC0-1.0")


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (
            {"columns": "{answer: Anwser}"},
            r"q.json: columns.answer: no such column: got 'Anwser', .*, Answer, split; did you mean 'Answer'",
        ),
        (
            {"columns": "{images: [first, second]}"},
            r"columns.images: no such column: got 'first', 'second', .*; correct the page",
        ),
        ({"where": "{part: [test]}"}, r"where.part: no such column: got 'part', expected one of id,"),
        (
            {"where": "{split: [tset]}"},
            r"where.split: no record has such a value: got 'tset', expected one of test, train; did you mean 'test'",
        ),
        ({"columns": "{question: Qestion}"}, r"q.json.*: got the fields id, .*; correct columns.question, or choose"),
    ],
)
def test_a_column_or_a_value_that_no_record_has_is_told_by_name(
    tmp_path: Path, page: dict[str, str], message: str
) -> None:
    rows = [{"id": 1, "question": "Is it?", "Answer": "yes", "split": split} for split in ("test", "train")]
    write_json(tmp_path / "q.json", rows)
    with pytest.raises(DataError, match=message):
        read(write_page(tmp_path, **page), tmp_path)


def test_one_id_for_two_questions_of_a_file_is_told_with_both_places(tmp_path: Path) -> None:
    rows = [{"id": id_, "question": "Is it?", "answer": "yes"} for id_ in (1, 2, "", "", 1)]
    write_json(tmp_path / "q.json", rows)
    with pytest.raises(DataError, match=r"q.json, record 5: the id of a question: got '1', as in .*q.json, record 1, "):
        read(write_page(tmp_path), tmp_path)


def test_one_id_in_two_files_or_in_a_record_that_is_not_asked_is_none_twice(tmp_path: Path) -> None:
    rows = [{"id": 1, "question": "Is it?", "answer": "yes", "split": split} for split in ("test", "train")]
    for name in ("first", "second"):
        write_json(tmp_path / name / "q.json", rows)
    page = Path(write_page(tmp_path, where="{split: [test]}"))
    page.write_text(page.read_text().replace("files: q.json", "files: '**/q.json'"))
    assert len(read(str(page), tmp_path)[0]) == 2


def test_a_column_that_some_records_lack_is_none_that_is_missing(tmp_path: Path) -> None:
    rows = [{"question": "Is it?", "answer": "yes"}, {"question": "Is it?", "answer": "no", "kind": "open", "b.x": 1}]
    write_json(tmp_path / "q.json", rows)
    samples, _ = read(
        write_page(tmp_path, where="{kind: [open]}", columns="{kind: kind, type: [organ, b.x]}"), tmp_path
    )
    assert [sample.answer for sample in samples] == [Answer(kind="open", gold=("no",))]


def test_the_first_form_whose_files_are_there_is_read(tmp_path: Path) -> None:
    five = {"question": "Which?", "options": dict(zip("ABCDE", "vwxyz", strict=True)), "answer_idx": "C"}
    write_json_lines(tmp_path / "questions/US/4_options/phrases_no_exclude_test.jsonl", [five])
    write_json_lines(tmp_path / "questions/US/test.jsonl", [five, five])
    assert len(read("medqa_us", tmp_path)[0]) == 2


def test_other_subjects_and_splits_are_not_asked(tmp_path: Path) -> None:
    header = ",Question,A,B,C,D,Answer\n"
    for folder, subject in (("test", "anatomy"), ("test", "astronomy"), ("dev", "anatomy")):
        path = tmp_path / folder / f"{subject}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{header}0,女性生殖腺是,卵巢,前庭大腺,前庭球,乳腺,A\n", encoding="utf-8-sig")
    samples, dropped = read("cmmlu_medical", tmp_path)
    assert [sample.task for sample in samples] == ["exam:anatomy"]
    assert dropped == Counter(not_asked=1)


def test_a_folder_without_the_files_is_told_which_are_wanted(tmp_path: Path) -> None:
    message = r"task slake_en in .*: got none of its files, expected \*\*/test.json, or a store; download test.json"
    with pytest.raises(DataError, match=message):
        find_files(task_named("slake_en"), tmp_path)
    (tmp_path / "train.json").write_text("[]")
    with pytest.raises(DataError, match=r"in .*train.json: got another file, expected"):
        find_files(task_named("slake_en"), tmp_path / "train.json")
    with pytest.raises(DataError, match=r"in .*gone: got no such file or folder, expected"):
        find_files(task_named("slake_en"), tmp_path / "gone")


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "test_qa.pkl").write_bytes(b"\x80\x04N.")
    with pytest.raises(DataError, match=r"test_qa.pkl: got a pickle, which can run code when it is read, expected"):
        find_files(task_named("pubmedqa"), tmp_path)


def test_a_damaged_image_stays_in_the_denominator(tmp_path: Path) -> None:
    write_json(tmp_path / "Slake1.0/test.json", [slake(1, "en"), slake(2, "en")])
    write_images(tmp_path / "Slake1.0/imgs", ["xmlab1/source.jpg"])
    (tmp_path / "Slake1.0/imgs/xmlab2").mkdir()
    (tmp_path / "Slake1.0/imgs/xmlab2/source.jpg").write_bytes(b"no image")
    samples, dropped = read("slake_en", tmp_path)
    assert dropped == Counter()
    assert [bool(sample.images[0].bytes) for sample in samples] == [True, False]


def test_images_are_found_in_an_archive_beside_the_questions(tmp_path: Path) -> None:
    write_json(tmp_path / "test.json", [slake(1, "en")])
    write_images(tmp_path / "unpacked", ["xmlab1/source.jpg"])
    with ZipFile(tmp_path / "imgs.zip", "w") as archive:
        archive.write(tmp_path / "unpacked/xmlab1/source.jpg", "imgs/xmlab1/source.jpg")
    rmtree(tmp_path / "unpacked")
    assert read("slake_en", tmp_path)[0][0].images[0].bytes


def test_the_official_file_of_vqa_rad(tmp_path: Path) -> None:
    record = {
        "qid": 12,
        "phrase_type": "test_freeform",
        "image_name": "synpic9.jpg",
        "image_organ": "CHEST",
        "question": "How many?",
        "question_type": "COUNT",
        "answer": 2,
        "answer_type": "CLOSED ",
    }
    write_json(tmp_path / "VQA_RAD Dataset Public.json", [record, record | {"qid": 13, "phrase_type": "freeform"}])
    samples, dropped = read("vqa_rad", tmp_path)
    assert [(each.answer, each.images[0].bytes) for each in samples] == [(Answer(kind="closed", gold=("2",)), None)]
    assert dropped == Counter()
