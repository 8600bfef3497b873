"""A chat template is known by its text."""

from pathlib import Path

import pytest

from doctorsun.processor.chat_families import FAMILIES, ChatFamily
from doctorsun.weights.chat_of_folder import chat_of_folder


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_each_family_is_known_again(family: ChatFamily, tmp_path: Path):
    (tmp_path / "chat_template.jinja").write_text(family.template, encoding="utf-8")
    assert chat_of_folder(tmp_path) == family.name


def test_another_template_has_no_name(tmp_path: Path):
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert chat_of_folder(tmp_path) is None


def test_bytes_that_are_no_text_have_no_name(tmp_path: Path):
    (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe\x00")
    assert chat_of_folder(tmp_path) is None


def test_without_a_template_there_is_no_name(tmp_path: Path):
    assert chat_of_folder(tmp_path) is None
