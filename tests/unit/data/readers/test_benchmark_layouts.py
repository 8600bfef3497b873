"""Benchmarks in the exact layouts of their publishers, a few records each, with their quirks."""

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from carriers.medmnist import write_medmnist
from doctorsun.data.readers.item import Dropped
from doctorsun.data.task_reader import find_files, open_task
from doctorsun.errors import DataError
from doctorsun.eval.tasks import task_named
from doctorsun.schema import Sample
from published_data import write_images, write_json, write_json_lines
from small_model import png


def read(name: str, folder: Path) -> tuple[list[Sample], list[str]]:
    """Return the questions of a task, and why each other record gives none."""
    task = task_named(name)
    reader = open_task(task, find_files(task, folder))
    items = [reader.make(pending) for pending in reader.pending()]
    samples = [sample for item in items if not isinstance(item, Dropped) for sample in item]
    return samples, [item.reason for item in items if isinstance(item, Dropped)]


def gold(samples: list[Sample]) -> list[tuple[str, tuple[str, ...]]]:
    return [(sample.answer.kind, sample.answer.gold) for sample in samples if sample.answer]


def words(sample: Sample) -> str:
    return sample.messages[0].text


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8-sig")


def test_vqa_rad_of_the_hub_tells_no_closed_questions(tmp_path: Path) -> None:
    rows = [
        {"image": {"bytes": png(n), "path": None}, "question": "is it?", "answer": answer}
        for n, answer in enumerate(("yes", "no", "mri"))
    ]
    write_parquet(tmp_path / "data/test-00000-of-00001-e5.parquet", rows)
    samples, _ = read("vqa_rad", tmp_path)
    assert gold(samples) == [("closed", ("yes",)), ("closed", ("no",)), ("open", ("mri",))]
    assert all(sample.images[0].bytes for sample in samples)
    assert gold(read("pathvqa", tmp_path)[0]) == gold(samples)


def test_path_vqa_as_pickles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "qas/test").mkdir(parents=True)
    (tmp_path / "qas/test/test_qa.pkl").write_bytes(b"\x80\x04]\x94.")
    with pytest.raises(DataError, match="a pickle, which can run code when it is read"):
        find_files(task_named("pathvqa"), tmp_path)


@pytest.mark.parametrize(
    ("task", "name", "header", "row"),
    [
        (
            "pmc_vqa_v2",
            "test_2.csv",
            "index,Figure_path,Caption,Question,{},Answer,split",
            "0,f.jpg,c,Which?,{},B,test",
        ),
        ("pmc_vqa_v1", "test.csv", "Figure_path,Question,Anwser,{},Answer_label", "f.jpg,Which?,MRI,{},B"),
        ("pmc_vqa_clean", "test_clean.csv", "Figure_path,Question,Answer,{},Answer_label", "f.jpg,Which?,MRI,{},B"),
    ],
)
def test_pmc_vqa(tmp_path: Path, task: str, name: str, header: str, row: str) -> None:
    choices, texts = "Choice A,Choice B,Choice C,Choice D", '" A:CT "," B:MRI "," C:PET "," D:X-ray "'
    write_text(tmp_path / name, f"{header.format(choices)}\n{row.format(texts)}\n")
    write_images(tmp_path / "figures", ["f.jpg"])
    samples, _ = read(task, tmp_path)
    assert gold(samples) == [("mcq", ("B",))]
    assert words(samples[0]) == "Which?\nA. CT\nB. MRI\nC. PET\nD. X-ray"
    assert samples[0].images[0].bytes


def test_omnimedvqa_and_the_record_with_another_key(tmp_path: Path) -> None:
    record = {
        "dataset": "X",
        "question_id": "X_0001",
        "question_type": "Modality Recognition",
        "question": "Which?",
        "gt_answer": "MRI",
        "image_path": "Images/X/1.png",
        "option_A": "CT",
        "option_B": "MRI",
        "modality_type": "MR",
    }
    odd = {key: value for key, value in record.items() if key != "modality_type"} | {
        "modality": "CT",
        "option_C": "PET",
    }
    write_json(tmp_path / "QA_information/Open-access/X.json", [record])
    write_json(tmp_path / "QA_information/Open-access/Chest CT Scan.json", [odd])
    write_json(tmp_path / "QA_information/Restricted-access/Y.json", [record])
    write_images(tmp_path, ["Images/X/1.png"])
    samples, dropped = read("omnimedvqa", tmp_path)
    assert dropped == []
    assert [(sample.modality, len(sample.answer.options)) for sample in samples] == [("ct", 3), ("mr", 2)]
    assert gold(samples) == [("mcq", ("B",))] * 2
    assert all(sample.images[0].bytes and sample.task == "modality_recognition" for sample in samples)


def test_gmai_mmbench_holds_images_as_base64(tmp_path: Path) -> None:
    encoded = base64.b64encode(png(1)).decode()
    columns = "index\timage\tquestion\tA\tB\tC\tD\tE\tanswer\tcategory\tclinical VQA task\tdepartment\tmodality"
    row = f"7\t{encoded}\tWhich?\tCT\tMRI\tPET\t\t\tB\tx\tDisease Diagnosis\tradiology\tMR"
    write_text(tmp_path / "GMAI_mm_bench_VAL.tsv", f"{columns}\n{row}\n")
    samples, _ = read("gmai_mmbench", tmp_path)
    assert (gold(samples), samples[0].source.original_id) == ([("mcq", ("B",))], "7")
    assert (samples[0].images[0].bytes, samples[0].task) == (png(1), "disease_diagnosis")


def test_mmbench_asks_each_question_once(tmp_path: Path) -> None:
    encoded = base64.b64encode(png(1)).decode()
    lines = [
        "index\tquestion\thint\tA\tB\tC\tD\tanswer\tcategory\timage",
        f"1\tWhich?\tLook.\tcat\tdog\t\t\tA\tx\t{encoded}",
        "1000001\tWhich?\tLook.\tdog\tcat\t\t\tB\tx\t1",
    ]
    write_text(tmp_path / "MMBench_DEV_EN.tsv", "\n".join(lines) + "\n")
    samples, dropped = read("mmbench_en", tmp_path)
    assert [words(sample) for sample in samples] == ["Look.\nWhich?\nA. cat\nB. dog"]
    assert dropped == ["rotation"]


def mmmu(number: int, **fields: Any) -> dict[str, Any]:
    images = {f"image_{n}": {"bytes": png(n), "path": f"{n}.png"} if n <= 2 else None for n in range(1, 8)}
    record = {
        "id": f"validation_Pharmacy_{number}",
        "question": "Compare <image 2> with <image 1>: see <image 1>",
        "options": "['a <image 2>', \"b's\"]",
        "answer": "B",
        "question_type": "multiple-choice",
        "subfield": "Pharmacology",
    }
    return record | images | fields


def test_mmmu_shows_images_where_the_words_name_them(tmp_path: Path) -> None:
    opened = mmmu(2, question="Name <image 1>", options="[]", answer="['aspirin', 'ASA']", question_type="open")
    rows = [mmmu(1), opened, mmmu(3, id="validation_Physics_1")]
    write_parquet(tmp_path / "Pharmacy/validation-00000-of-00001.parquet", rows)
    samples, _ = read("mmmu_health_medicine", tmp_path)
    assert gold(samples) == [("mcq", ("B",)), ("open", ("aspirin", "ASA"))]
    first = samples[0]
    assert [image.bytes for image in first.images] == [png(2), png(1)]
    shown = "".join(part.text if part.type == "text" else "[]" for part in first.messages[0].content)
    assert shown == "Compare [] with []: see <image 1>\nA. a <image 2>\nB. b's"


def test_medxpertqa_in_both_of_its_forms(tmp_path: Path) -> None:
    asked = "Which? Answer Choices: (A) left (B) right"
    of_hub = {
        "id": "MM-1",
        "question": asked,
        "options": {"A": "left", "B": "right"},
        "label": "B",
        "images": ["1-a.png"],
        "medical_task": "Diagnosis",
    }
    of_input = {
        "id": "MM-1",
        "question": asked,
        "options": [{"letter": "A", "content": "left"}, {"letter": "B", "content": "right"}],
        "label": ["B"],
        "images": [{"image_path": "images/1-a.png"}],
        "medical_task": "Diagnosis",
    }
    write_json_lines(tmp_path / "hub/MM/test.jsonl", [of_hub])
    write_json_lines(tmp_path / "repository/input/medxpertqa_mm_input.jsonl", [of_input])
    for folder in ("hub", "repository"):
        write_images(tmp_path / folder / "images", ["1-a.png"])
        samples, _ = read("medxpertqa_mm", tmp_path / folder)
        assert (gold(samples), words(samples[0])) == ([("mcq", ("B",))], "Which?\nA. left\nB. right")
        assert samples[0].images[0].bytes
    text = {key: value for key, value in of_hub.items() if key != "images"} | {"medical_task": "Basic Science"}
    write_json_lines(tmp_path / "hub/Text/test.jsonl", [text])
    samples, _ = read("medxpertqa_text", tmp_path / "hub")
    assert (gold(samples), samples[0].task) == ([("mcq", ("B",))], "exam:basic_science")


def test_medmcqa_numbers_options_from_0_and_from_1(tmp_path: Path) -> None:
    record = {
        "id": "a",
        "question": "Which?",
        "opa": "w",
        "opb": "x",
        "opc": "y",
        "opd": "z",
        "subject_name": "Anatomy",
    }
    write_parquet(
        tmp_path / "hub/data/validation-00000-of-00001.parquet", [record | {"cop": 0, "choice_type": "multi"}]
    )
    write_json_lines(tmp_path / "original/dev.json", [record | {"cop": 1, "choice_type": "single"}])
    for folder in ("hub", "original"):
        samples, _ = read("medmcqa", tmp_path / folder)
        assert (gold(samples), samples[0].task) == ([("mcq", ("A",))], "anatomy")


def test_cmb_answers_stand_in_a_second_file(tmp_path: Path) -> None:
    options = {"A": "甲", "B": "乙", "C": "丙", "D": "", "E": ""}
    rows = [
        {
            "id": n,
            "exam_type": "医师考试",
            "exam_class": "执业医师",
            "question": "哪项？",
            "question_type": kind,
            "option": options,
        }
        for n, kind in ((3, "单项选择题"), (4, "多项选择题"), (5, "多项选择题"), (6, "单项选择题"))
    ]
    write_json(tmp_path / "CMB-Exam/CMB-test/CMB-test-choice-question-merge.json", rows)
    answers = tmp_path / "CMB-test-choice-answer.json"
    with pytest.raises(DataError, match=r"CMB-test-choice-answer.json: got no such file, expected the answers"):
        read("cmb_exam", tmp_path)
    write_json(answers, [{"id": 3, "answer": "A"}, {"id": 4, "answer": "CA"}, {"id": 5, "answer": "B"}])
    samples, dropped = read("cmb_exam", tmp_path)
    assert gold(samples) == [("mcq", ("A",)), ("mcq_multi", ("A", "C")), ("mcq_multi", ("B",))]
    assert dropped == ["no_answer"]
    assert words(samples[1]) == "哪项？（多选）\nA. 甲\nB. 乙\nC. 丙"
    write_json(answers, [{"number": 3}])
    with pytest.raises(DataError, match="got a record without them, expected id and answer"):
        read("cmb_exam", tmp_path)


def test_cmexam_options_are_lines_or_backslashes(tmp_path: Path) -> None:
    rows = [
        "Question,Options,Answer,Explanation",
        '哪项？,"A 甲\nB 乙",B,因为',
        "哪项？,A 甲\\nB 乙,AB,因为",
        "哪项？,A 甲\\nB 乙,nan,因为",
    ]
    write_text(tmp_path / "test_with_annotations.csv", "\n".join(rows) + "\n")
    samples, dropped = read("cmexam", tmp_path)
    assert gold(samples) == [("mcq", ("B",)), ("mcq_multi", ("A", "B"))]
    assert dropped == ["no_answer"]


def test_ceval_and_mmlu_tell_subjects_by_their_files(tmp_path: Path) -> None:
    header = "id,question,A,B,C,D,answer,explanation\n"
    for subject in ("physician", "law"):
        write_text(tmp_path / f"ceval/val/{subject}_val.csv", f"{header}0,哪项？,甲,乙,丙,丁,C,\n")
        write_text(tmp_path / f"mmlu/test/{subject}_test.csv", 'Which one?,"w, x",x,y,z,D\n')
    write_text(tmp_path / "mmlu/test/anatomy_test.csv", 'Which one?,"w, x",x,y,z,D\n')
    assert [sample.task for sample in read("ceval_medical", tmp_path)[0]] == ["exam:physician"]
    assert sorted(sample.task for sample in read("ceval", tmp_path)[0]) == ["exam:law", "exam:physician"]
    samples, dropped = read("mmlu_medical_6", tmp_path / "mmlu")
    assert ([sample.task for sample in samples], gold(samples)) == (["exam:anatomy"], [("mcq", ("D",))])
    assert samples[0].answer.options[0] == "w, x"
    assert dropped == ["not_asked"] * 2
    write_text(tmp_path / "mmlu/test/virology_test.csv", "Which one?,w,x,y,D\n")
    with pytest.raises(DataError, match=r"virology_test.csv, line 1: got 5 values, expected 6"):
        read("mmlu_medical_9", tmp_path / "mmlu")


def test_mmlu_of_the_hub_numbers_its_choices(tmp_path: Path) -> None:
    rows = [{"question": "Which?", "subject": s, "choices": list("wxyz"), "answer": 3} for s in ("virology", "law")]
    write_parquet(tmp_path / "all/test-00000-of-00001.parquet", rows)
    samples, _ = read("mmlu_medical_9", tmp_path)
    assert (gold(samples), samples[0].task) == ([("mcq", ("D",))], "virology")


def test_bbh_has_options_truth_and_words(tmp_path: Path) -> None:
    choice = "What is next?\nOptions:\n(A) one\n(B) two"
    examples = [("not True is", "False"), (choice, "(B)"), ("Is it?", "yes"), ("Q", "")]
    content = {"canary": "x", "examples": [{"input": asked, "target": target} for asked, target in examples]}
    write_json(tmp_path / "bbh/boolean.json", content)
    samples, dropped = read("bbh", tmp_path)
    assert gold(samples) == [("open", ("False",)), ("mcq", ("B",)), ("closed", ("yes",))]
    assert words(samples[1]) == "What is next?\nA. one\nB. two"
    assert (dropped, samples[0].domain, samples[0].task) == (["no_answer"], "general", "bbh:boolean")
    write_json(tmp_path / "bbh/boolean.json", [])
    with pytest.raises(DataError, match="got no list of examples, expected a task of BIG-Bench Hard"):
        read("bbh", tmp_path)
    write_text(tmp_path / "bbh/boolean.json", "{")
    with pytest.raises(DataError, match="expected a task of BIG-Bench Hard"):
        read("bbh", tmp_path)


def test_iu_xray_in_the_layout_of_r2gen(tmp_path: Path) -> None:
    study = {"id": "CXR1", "report": "No nodule .", "image_path": ["CXR1/0.png", "CXR1/1.png"]}
    content = {"train": [study | {"split": "train"}], "val": [], "test": [study | {"split": "test"}]}
    write_json(tmp_path / "iu_xray/annotation.json", content)
    write_images(tmp_path / "iu_xray/images", study["image_path"])
    samples, dropped = read("iu_xray", tmp_path)
    assert (gold(samples), dropped) == ([("report", ("No nodule .",))], ["not_asked"])
    assert [bool(image.bytes) for image in samples[0].images] == [True, True]
    for text in ("{", "[]"):
        write_text(tmp_path / "iu_xray/annotation.json", text)
        with pytest.raises(DataError, match=r"expected (R2Gen's annotation file|an object of the lists train, val)"):
            read("iu_xray", tmp_path)


def test_mimic_cxr_studies_of_the_test_split(tmp_path: Path) -> None:
    lines = ["dicom_id,study_id,subject_id,split", "a,50,10000032,test", "b,50,10000032,test", "c,51,10000033,train"]
    lines.append("d,52,10000032,test")
    write_text(tmp_path / "mimic-cxr-2.0.0-split.csv", "\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"line 2: .*s50.txt: got no such file, expected the report of the study"):
        read("mimic_cxr", tmp_path)
    reports = tmp_path / "files/p10/p10000032"
    write_text(reports / "s50.txt", "FINAL REPORT\n FINDINGS:  Clear\n lungs.\n\n IMPRESSION: Normal.\n")
    write_text(reports / "s52.txt", "IMPRESSION: Normal.\n")
    write_images(reports / "s50", ["a.jpg"])
    samples, dropped = read("mimic_cxr", tmp_path)
    assert (gold(samples), dropped) == ([("report", ("Clear lungs.",))], ["no_findings"])
    assert [(bool(image.bytes), image.path[-5:]) for image in samples[0].images] == [(True, "a.jpg"), (False, "b.jpg")]
    assert (samples[0].groups.patient, samples[0].source.split) == ("10000032", "test")


def test_zhongjing_asks_the_adversarial_prompts_alone(tmp_path: Path) -> None:
    dialogue = {"id": 1, "cate1": "内科", "cate2": "心内科", "instruction": "头痛？", "output": "休息。", "history": []}
    write_json(tmp_path / "CMtMedQA_test.json", [dialogue, {"instruct": " 驱魔吗？", "output": " 不科学。"}])
    samples, dropped = read("zhongjing_safety", tmp_path)
    assert (gold(samples), words(samples[0]), dropped) == ([("open", ("不科学。",))], "驱魔吗？", ["not_asked"])


def test_pubmedqa_asks_the_articles_of_its_list(tmp_path: Path) -> None:
    article = {
        "QUESTION": "Is it?",
        "CONTEXTS": ["So."],
        "LABELS": ["METHODS"],
        "LONG_ANSWER": "Yes.",
        "final_decision": "no",
    }
    write_text(tmp_path / "data/ori_pqal.json", json.dumps({"11": article, "12": article}))
    write_json(tmp_path / "data/test_ground_truth.json", {"12": "no"})
    samples, dropped = read("pubmedqa", tmp_path)
    assert ([sample.source.original_id for sample in samples], gold(samples)) == (["12"], [("mcq", ("B",))])
    assert dropped == ["not_asked"]


def test_medqa_as_published(tmp_path: Path) -> None:
    record = {
        "question": "Which?",
        "answer": "y",
        "options": dict(zip("ABCDE", "vwxyz", strict=True)),
        "answer_idx": "D",
    }
    for region in ("US", "Mainland", "Taiwan"):
        write_json_lines(tmp_path / f"questions/{region}/test.jsonl", [record | {"meta_info": "step1"}])
    for task in ("medqa_us", "medqa_mainland", "medqa_taiwan"):
        assert gold(read(task, tmp_path)[0]) == [("mcq", ("D",))]


def test_medmnist_is_asked_by_questions_about_its_test_images(tmp_path: Path) -> None:
    write_medmnist(tmp_path, "pneumoniamnist", {"train": [0], "val": [1], "test": [1, 0]})
    samples, dropped = read("medmnist", tmp_path)
    assert {sample.source.original_id for sample in samples} == {
        f"pneumoniamnist.npz:test_images/{n}" for n in range(2)
    }
    assert {sample.language for sample in samples} == {"en", "zh"}
    assert all(sample.answer and sample.images[0].bytes for sample in samples)
    assert dropped == []
