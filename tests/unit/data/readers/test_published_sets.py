"""Published vision-language sets, small files in their exact layouts, and what each tells beside its words."""

import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doctorsun.config.collection import Collection, ImportSource
from doctorsun.data.collect import open_collection
from doctorsun.data.formats import open_import
from doctorsun.data.readers.collected import sample_ratios_of
from doctorsun.data.readers.imaging_words import article_of, body_part_of, modality_of, split_of
from doctorsun.errors import DataError


def turns(question, answer):
    return [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]


def words(sample):
    return [turn.text for turn in sample.messages]


def table(header, *lines):
    text = io.StringIO()
    csv.writer(text).writerows([header, *lines])
    return text.getvalue()


def parquet(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_sunmed_is_read_from_its_folder_and_archives(lay, picture, import_all, tmp_path):
    foreign = "/data/X-D-Lab/med-llava/pmcoa/images/images/PMC2180173_F2_15877.jpg"
    lay("sun/pretrain.json", [{"id": 0, "image": foreign, "conversations": turns("<image>\n这是什么?", "胸片。")}])
    lay("sun/finetune.json", [{"id": "f", "conversations": turns("为什么?", "因为炎症。")}])
    lay("sun/notes.json", {"not": "data"})
    lay("sun/image_pretrain.zip", {"image_pretrain/PMC2180173_F2_15877.jpg": picture(3)})

    finetune, pretrain = (item[0] for item in import_all("sunmed", tmp_path / "sun"))

    assert (finetune.source.dataset, pretrain.source.dataset) == ("sunmed_vl/finetune", "sunmed_vl/pretrain")
    assert (pretrain.images[0].bytes, pretrain.images[0].path) == (picture(3), foreign)
    assert (pretrain.groups.article, pretrain.language) == ("PMC2180173", "zh")
    assert (pretrain.source.original_id, finetune.groups.article) == ("0", "")


def test_a_folder_without_sunmed_is_told(lay, import_all, tmp_path):
    lay("sun/other.json", [])

    with pytest.raises(
        DataError, match=r"SunMed-VL in .*: got other files, expected pretrain.json or finetune.json; do"
    ):
        import_all("sunmed", tmp_path / "sun")


def test_chimed_joins_images_by_name_and_keeps_rows_without(lay, picture, import_all, tmp_path):
    lay("pmc/figures/PMC8253873_Fig6_46.jpg", picture(4))
    rows = [
        {"id": "1", "image": "PMC8253873_Fig6_46.jpg", "conversations": turns("<image>\n描述图像", "增强CT。")},
        {"image": "PMC1_Fig1.jpg", "context": "一名54岁男性。"},
    ]
    lay("chi/ChiMed-VL-Alignment.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    lay("chi/ChiMed-VL-Instruction.json", [{"image": "PMC1_Fig1.jpg", "question": "有何异常?", "answer": "无。"}])
    lay("chi/ChiMed-VL-Chat.json", [{"conversations": turns("你好", "您好")}])

    items = import_all("chimed", tmp_path / "chi", images=[str(tmp_path / "pmc")])
    found, context, chat, asked = (item[0] for item in items)

    assert [sample.source.dataset for sample in (found, context, chat, asked)] == [
        "chimed_vl/alignment",
        "chimed_vl/alignment",
        "chimed_vl/chat",
        "chimed_vl/instruction",
    ]
    assert (found.images[0].bytes, found.groups.article) == (picture(4), "PMC8253873")
    assert (context.images[0].bytes, context.images[0].path) == (None, "PMC1_Fig1.jpg")
    assert words(context) == ["请描述这张图像。", "一名54岁男性。"]
    assert words(asked) == ["有何异常?", "无。"]
    assert asked.messages[0].num_images == 1


GMAI = {
    "image": "example.png",
    "conversations": turns("<image>\nCould you kindly generate a caption?", "This histopathological image."),
    "id": "2d#cls#histopathology#crc100k#images#NORM#example.tif",
    "width": 224,
    "height": 224,
}


def test_gmai_ids_tell_modality_task_and_what_belongs_together(lay, picture, import_all):
    lay("example.png", picture())

    ((sample,),) = import_all("gmai", lay("GMAI-MM-Caption-1.7M.jsonl", GMAI))

    assert (sample.modality, sample.task, sample.groups.study) == (
        "histology",
        "cls",
        "crc100k/images/NORM/example.tif",
    )
    assert json.loads(sample.facts) == {"dataset": "crc100k", "dimension": "2d", "path": "images/NORM/example.tif"}
    assert sample.source.dataset == "gmai_vl_5_5m"
    assert sample.source.original_id == GMAI["id"]


def test_a_gmai_list_names_files_image_folders_and_ratios(lay, picture, import_all):
    lay("repo/one/example.png", picture(1))
    lay("repo/two/example.png", picture(2))
    lay("repo/examples/data.json", [GMAI])
    listed = """{
    "FILE1": {"image_dir": "one", "annotations": "examples/data.json", "sample_ratio": 0.05, "length": 1},
    "FILE2": {"image_dir": "two", "annotations": "examples/data.json", "data_augment": true},
}"""
    path = lay("repo/examples/list.json", listed)

    first, second = (item[0] for item in import_all("gmai", path))

    assert [sample.source.dataset for sample in (first, second)] == ["gmai_vl_5_5m/FILE1", "gmai_vl_5_5m/FILE2"]
    assert [sample.images[0].bytes for sample in (first, second)] == [picture(1), picture(2)]
    assert first.id != second.id


def test_sampling_ratios_of_a_list_are_kept(lay):
    lay("data.json", [GMAI])
    path = lay("list.json", {"A": {"annotations": "data.json", "sample_ratio": 0.3}, "B": {"annotations": "data.json"}})

    listed = ImportSource(format="gmai", path=str(path))
    plain = ImportSource(format="gmai", path=str(path.with_name("data.json")))
    collection = Collection(name="all", sources={"listed": listed, "plain": plain})

    assert sample_ratios_of(open_import(listed)) == {"gmai_vl_5_5m/A": 0.3, "gmai_vl_5_5m/B": 1.0}
    assert sample_ratios_of(open_import(plain)) == {}
    assert sample_ratios_of(open_collection(collection)) == {"gmai_vl_5_5m/A": 0.3, "gmai_vl_5_5m/B": 1.0}


@pytest.mark.parametrize(
    "entry", [{"annotations": 3}, {"annotations": "a.json", "sample_ratio": "all"}, {"image_dir": "x"}]
)
def test_a_wrong_entry_of_a_list_is_told(lay, import_all, entry):
    path = lay("list.json", {"RIGHT": {"annotations": "list.json"}, "WRONG": entry})

    with pytest.raises(
        DataError, match=r"list.json, WRONG: got .*, expected annotations \(a path\), image_dir and samp"
    ):
        import_all("gmai", path)


LLAVA_MED = {
    "question_id": 0,
    "image": "18063892_F3.jpg",
    "pair_id": "18063892_F3",
    "text": "What is the organ in the image?\n<image>",
    "gpt4_answer": "The conjunctiva.",
    "fig_caption": "The gross finding.",
    "domain": {"chest_xray": False, "mri": True, "ct_scan": False, "histology": False, "gross": False},
}


def test_llava_med_conversations_captions_and_evaluation_questions(lay, picture, import_all, tmp_path):
    lay("images/18063892_F3.jpg", picture())
    instruct = {"id": "18063892_F3", "image": "18063892_F3.jpg", "domain": LLAVA_MED["domain"]}
    lay("d/alignment/llava_med_alignment_500k.json", [instruct | {"conversatons": turns("Describe.\n<image>", "Eye.")}])
    lay("d/eval/llava_med_eval_qa50_qa.jsonl", LLAVA_MED)
    lay("d/instruct/llava_med_instruct_10k.json", [instruct | {"conversations": turns("<image>\nWhat?", "An eye.")}])
    captions = {"18063892_F3": {"fig_caption": "The gross finding.", "fig_label": "Fig. 3"}}
    lay("d/instruct/llava_med_instruct_fig_captions.json", json.dumps(captions, indent=1))

    items = import_all("llava-med", tmp_path / "d", images=[str(tmp_path / "images")])
    aligned, asked, instructed, caption = (item[0] for item in items)

    for sample in (aligned, asked, instructed, caption):
        assert (sample.images[0].bytes, sample.groups.article) == (picture(), "PMID18063892")
        assert sample.messages[0].num_images == 1
    assert (aligned.modality, aligned.source.dataset) == ("mr", "llava_med/alignment")
    assert [part.type for part in aligned.messages[0].content] == ["text", "image"]
    assert (words(asked), asked.source.split, asked.source.original_id) == (
        ["What is the organ in the image?", "The conjunctiva."],
        "test",
        "0",
    )
    assert (instructed.source.split, instructed.made_by.method) == ("train", "llm")
    assert (words(caption)[1], caption.source.original_id) == ("The gross finding.", "18063892_F3")


V1 = ("Figure_path", "Question", "Anwser", "Choice A", "Choice B", "Choice C", "Choice D", "Answer_label")
V2 = ("index", "Figure_path", "Caption", "Question", "Choice A", "Choice B", "Choice C", "Choice D", "Answer", "split")


def test_both_versions_of_pmc_vqa(lay, picture, import_all, tmp_path):
    lay("p/images.zip", {"images/PMC1064097_F1.jpg": picture(1)})
    choices = ["A:Diffuse", "B:Focal", "C:No uptake", "D:Cannot"]
    lay("p/test_clean.csv", table(V1, ["PMC1064097_F1.jpg", "What pattern?", "Focal", *choices, "B"]))
    lay("p/train.csv", table(V1[:-1], ["PMC1064097_F1.jpg", "What pattern?", "No uptake", *choices]))
    spaced = [" A:CT ", " B:MRI ", " C:US ", " D:PET "]
    lay("p/train_2.csv", table(V2, [0, "PMC1064097_F1.jpg", "A caption", "What modality?", *spaced, "B", "train"]))
    lay("p/oa_comm_use_file_list.csv", "File,Article\na,b")

    clean, first, second = (item[0] for item in import_all("pmc-vqa", tmp_path / "p"))

    assert [sample.answer.gold for sample in (clean, first, second)] == [("B",), ("C",), ("B",)]
    assert [sample.source.split for sample in (clean, first, second)] == ["test", "train", "train"]
    assert second.answer.options == ("CT", "MRI", "US", "PET")
    assert words(second) == ["What modality?\nA. CT\nB. MRI\nC. US\nD. PET", "B. MRI"]
    assert (second.images[0].bytes, second.groups.article) == (picture(1), "PMC1064097")
    assert second.answer.kind == "mcq"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["F.jpg", "What?", "Other", "A:1", "B:2", "C:3", "D:4", ""], "no_answer"),
        (["F.jpg", "What?", "1", "A:1", "B:1", "C:3", "D:4", ""], "no_answer"),
        (["F.jpg", "", "1", "A:1", "B:2", "C:3", "D:4", "A"], "no_question"),
        (["F.jpg", "What?", "1", "A:1", "", "C:3", "D:4", "A"], "no_options"),
        (["F.jpg", "What?", "1", "", "", "", "", "A"], "no_answer"),
    ],
)
def test_questions_of_pmc_vqa_that_cannot_be_asked_are_dropped(lay, import_all, values, reason):
    (item,) = import_all("pmc-vqa", lay("train.csv", table(V1, values)))

    assert item.reason == reason


def test_pubmedvision_images_stand_first_though_no_text_marks_them(lay, picture, import_all, tmp_path):
    lay("p/images_0.zip", {"images/pmc_1_0.jpg": picture(1)})
    lay("p/images_1.zip", {"images/pmc_1_1.jpg": picture(2)})
    record = {
        "image": ["images/pmc_1_0.jpg", "images/pmc_1_1.jpg"],
        "conversations": turns("What are these?", "Two CT slices."),
        "id": "Alignment_VQA_1",
        "modality": "Computed Tomography",
        "body_part": "Chest",
    }
    lay("p/PubMedVision_Alignment_VQA.json", [record])

    ((sample,),) = import_all("pubmedvision", tmp_path / "p")

    assert [part.type for part in sample.messages[0].content] == ["image", "image", "text"]
    assert [image.bytes for image in sample.images] == [picture(1), picture(2)]
    assert (sample.modality, sample.anatomy, sample.groups.article) == ("ct", "chest", "pmc_1")
    assert (sample.source.dataset, sample.source.licence) == ("pubmedvision/alignment", "Apache-2.0")


def test_hub_parquet_in_the_layout_of_vqa_rad(picture, import_all, tmp_path):
    rows = [
        {"image": {"bytes": picture(1), "path": "synpic1.jpg"}, "question": "is there a mass?", "answer": "yes"},
        {"image": {"bytes": picture(2), "path": None}, "question": "where?", "answer": "left lung"},
    ]
    parquet(tmp_path / "rad/data/train-00000-of-00001-eb8844602202be60.parquet", rows[:1])
    parquet(tmp_path / "rad/data/test-00000-of-00001-e5bc3d208bb4deeb.parquet", rows[1:])

    opened, closed = (item[0] for item in import_all("hub-parquet", tmp_path / "rad"))

    assert (closed.answer.kind, closed.answer.gold, closed.source.split) == ("closed", ("yes",), "train")
    assert (opened.answer.kind, opened.answer.gold, opened.source.split) == ("open", ("left lung",), "test")
    assert (closed.images[0].bytes, closed.images[0].path) == (picture(1), "synpic1.jpg")
    assert closed.source.dataset == "rad"


def test_hub_parquet_with_conversations_options_and_captions(picture, import_all, tmp_path):
    image = {"bytes": picture(), "path": "a.jpg"}
    talk = parquet(
        tmp_path / "talk.parquet", [{"images": [image, image], "conversations": turns("<image><image>?", "!")}]
    )
    openai = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    chat = parquet(
        tmp_path / "chat.parquet", [{"image": None, "messages": openai}, {"image": image, "messages": openai}]
    )
    exam = parquet(
        tmp_path / "validation.parquet", [{"image": image, "question": "Q?", "options": ["CT", "MR"], "answer": 1}]
    )
    caption = parquet(tmp_path / "caption.parquet", [{"image": image, "text": "A chest."}])

    assert len(import_all("hub-parquet", talk)[0][0].images) == 2
    assert [len(item[0].images) for item in import_all("hub-parquet", chat)] == [0, 1]
    assert import_all("hub-parquet", exam)[0][0].answer.gold == ("B",)
    assert import_all("hub-parquet", exam)[0][0].source.split == "validation"
    assert words(import_all("hub-parquet", caption)[0][0]) == ["Describe the image.", "A chest."]


def rows_of(path, rows):
    columns = {name: [row.get(name) for row in rows] for row in rows for name in row}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    kinds = {"image": image, "images": pa.list_(image)}
    pq.write_table(pa.table({name: pa.array(each, kinds.get(name)) for name, each in columns.items()}), path)
    return path


@pytest.mark.parametrize(
    "words_of_row",
    [
        {"question": "Is there a mass?", "answer": "yes"},
        {"question": "Which?", "options": ["CT", "MR"], "answer": "A"},
        {"caption": "A chest."},
        {"conversations": turns("<image>\nWhat?", "A mass.")},
    ],
)
@pytest.mark.parametrize("image", [None, {"bytes": None, "path": None}])
def test_an_image_that_is_null_is_missing_and_no_row_of_words(picture, import_all, tmp_path, words_of_row, image):
    whole = {"bytes": picture(), "path": "a.jpg"}
    path = rows_of(tmp_path / "train.parquet", [{"image": each} | words_of_row for each in (whole, image)])

    (here,), (missing,) = import_all("hub-parquet", path)

    assert here.images[0].bytes == picture()
    assert [(each.bytes, each.path) for each in missing.images] == [(None, "train.parquet#2")]
    assert missing.messages[0].num_images == 1
    assert words(missing) == words(here)


def test_every_null_of_a_list_of_images_is_missing(picture, import_all, tmp_path):
    whole = {"bytes": picture(), "path": "a.jpg"}
    talk = {"messages": turns("<image><image>?", "!")}
    shown = [[None, whole], None]
    path = rows_of(tmp_path / "train.parquet", [{"images": images} | talk for images in shown])

    (first,), (second,) = import_all("hub-parquet", path)

    assert [image.path for image in first.images] == ["train.parquet#1.1", "a.jpg"]
    assert [image.path for image in second.images] == ["train.parquet#2.1", "train.parquet#2.2"]
    assert [image.bytes for image in (*first.images, *second.images)] == [None, picture(), None, None]


@pytest.mark.parametrize(
    ("word", "known"),
    [("CT", "ct"), ("Magnetic Resonance Imaging", "mr"), ("x_ray", "xray"), ("Moon Rays", "moon_rays"), ("", "")],
)
def test_words_for_modalities(word, known):
    assert modality_of(word) == known


def test_words_for_body_parts_articles_and_splits():
    assert (body_part_of("Lungs"), body_part_of("Kidney"), body_part_of("Third Eye")) == ("lung", "kidney", "third_eye")
    assert (article_of("a/pmc12_F1.jpg"), article_of("18063892_F3.jpg"), article_of("a.jpg")) == (
        "PMC12",
        "PMID18063892",
        "",
    )
    names = ("data/train-0.parquet", "val.csv", "dev/x.json", "test_clean.csv", "contest.csv", "latest.csv")
    assert [split_of(name) for name in names] == ["train", "validation", "validation", "test", "", ""]
