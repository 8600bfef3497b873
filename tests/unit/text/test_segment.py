"""Tokens of answers."""

import os
import subprocess
import sys

from doctorsun.text.segment import answer_tokens


def test_english_words_are_tokens_in_either_unit():
    assert answer_tokens("The left lung, 1.5 cm.") == ["left", "lung", "1.5", "cm"]
    assert answer_tokens("The left lung", "word") == ["left", "lung"]


def test_chinese_characters_stand_alone_and_abbreviations_stay_whole():
    assert answer_tokens("胸部CT平扫") == ["胸", "部", "ct", "平", "扫"]


def test_chinese_words_are_cut_by_the_dictionary():
    assert answer_tokens("左侧胸腔积液", "word") == ["左侧", "胸腔", "积液"]


def test_segmentation_neither_reads_nor_leaves_a_cache_in_the_temporary_folder(tmp_path):
    code = "from doctorsun.text.segment import answer_tokens; print(answer_tokens('胸腔积液', 'word'))"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)

    assert list(tmp_path.iterdir()) == []
