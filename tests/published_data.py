"""Small files in the published forms of the three systems' data, with images that can be opened."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from small_model import png

WORDS = ("Is there a nodule in the left lung?", "左肺有结节吗?", "Which organ is it?", "图中是什么器官?")
REPLIES = ("No nodule is seen.", "未见结节。", "The lung.", "肺。")


def llava_record(number: int, image: str, **fields: Any) -> dict[str, Any]:
    """Return a record of LLaVA about one image, in Chinese or English; every third has a second turn."""
    turns = [
        {"from": "human", "value": f"<image>\n{WORDS[number % 4]}"},
        {"from": "gpt", "value": REPLIES[number % 4]},
    ]
    if number % 3 == 0:
        turns += [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": f"Because of image {number}."}]
    return {"id": f"{number}", "image": image, "conversations": turns, **fields}


def write_json(path: Path, content: object) -> None:
    """Write one JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_json_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")


def write_images(folder: Path, names: Sequence[str]) -> None:
    """Write an image of noise for each name; wider than high, so that cropping and padding differ."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number, width=40, height=28))


def write_sunmed(folder: Path, *, num_records: int = 8) -> None:
    """Write SunMed-VL: ``pretrain.json`` and ``finetune.json``, each with an archive; paths of another machine."""
    for name, of_machine in (("pretrain", "/data/X-D-Lab/med-llava/pmcoa/images/"), ("finetune", "/data/X-D-Lab/vqa/")):
        images = [f"PMC{number}_F1_{number}.png" for number in range(num_records)]
        records = [llava_record(number, f"{of_machine}{image}") for number, image in enumerate(images)]
        write_json(folder / f"{name}.json", records)
        write_images(folder / name, images)
        with zipfile.ZipFile(folder / f"image_{name}.zip", "w") as archive:
            for image in images:
                archive.write(folder / name / image, image)


def write_chimed(folder: Path, *, num_records: int = 8) -> None:
    """Write ChiMed-VL: alignment as JSON Lines of captions, instruction as one array; ``images`` beside them."""
    images = [f"PMC{number}_Fig1_{number}.png" for number in range(num_records)]
    write_images(folder / "images", images)
    captions = [
        {
            "id": str(number),
            "image": image,
            "conversations": [
                {"from": "human", "value": "<image>\n请描述图片。"},
                {"from": "gpt", "value": f"图{number}: {REPLIES[1]}"},
            ],
        }
        for number, image in enumerate(images)
    ]
    write_json_lines(folder / "ChiMed-VL-Alignment.jsonl", captions)
    questions = [llava_record(number, image) for number, image in enumerate(images)]
    write_json(folder / "ChiMed-VL-Instruction.json", questions)


def write_gmai(folder: Path, *, num_records: int = 8) -> None:
    """Write GMAI-VL-5.5M: annotation files whose ids tell where an image comes from, with boxes; and texts."""
    names = [f"2d/cls/{number}.png" for number in range(num_records)]
    write_images(folder / "images", names)
    for kind in ("Caption-1.7M", "Percept-1.3M"):
        records = [
            llava_record(number, name, width=40, height=28) | {"id": f"2d#cls#histopathology#crc100k#{name}"}
            for number, name in enumerate(names)
        ]
        for record in records if kind.startswith("Percept") else []:
            record["conversations"] = [
                {"from": "human", "value": "<image>\nWhere is the nodule?"},
                {"from": "gpt", "value": "<ref>nodule</ref><box>[[0.10, 0.20, 0.50, 0.60]]</box>"},
            ]
        write_json_lines(folder / f"GMAI-MM-{kind}.jsonl", records)
    texts = [
        {"id": f"text-{number}", "conversations": [
            {"from": "human", "value": WORDS[number % 4]}, {"from": "gpt", "value": REPLIES[number % 4]}
        ]}
        for number in range(num_records)
    ]  # fmt: skip
    write_json_lines(folder / "GMAI_Text_Single_1M.jsonl", texts)
