"""Conversations about real images: the questions of VQA-RAD as LLaVA records with the paths of another machine."""

import hashlib
import json
import os
from pathlib import Path

import pytest


@pytest.mark.skipif("DOCTORSUN_TEST_DATA" not in os.environ, reason="DOCTORSUN_TEST_DATA names no folder of real data")
def test_every_image_is_joined_with_its_own_bytes(lay, import_all):
    root = Path(os.environ["DOCTORSUN_TEST_DATA"]) / "vqa_rad" / "data"
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    questions = json.loads((root / "testset.json").read_text(encoding="utf-8-sig"))
    records = [
        {
            "id": each["qid"],
            "image": f"/data/X-D-Lab/med-llava/VQA_RAD/{each['image_name']}",
            "conversations": [
                {"from": "human", "value": f"<image>\n{each['question']}"},
                {"from": "gpt", "value": str(each["answer"])},
            ],
        }
        for each in questions
    ]

    samples = [item[0] for item in import_all("llava", lay("a.json", records), images=[str(root / "images")])]

    assert len(samples) == 451
    for sample, each in zip(samples, questions, strict=True):
        (image,) = sample.images
        assert image.sha256 == hashlib.sha256((root / "images" / each["image_name"]).read_bytes()).hexdigest()
