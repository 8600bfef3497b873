"""Keys: made once, for one owner, and the stand-ins that they give."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctorsun.data.deidentify.key import DEFAULT_KEY, Key, default_key_path, open_key
from doctorsun.errors import DataError

KEY, OTHER = Key(b"a" * 32), Key(b"b" * 32)


@given(st.text())
def test_a_stand_in_is_the_same_for_one_key_and_another_for_another(old):
    assert KEY.uid(old) == Key(b"a" * 32).uid(old) != OTHER.uid(old)
    assert KEY.pseudonym("patient", old) == Key(b"a" * 32).pseudonym("patient", old) != OTHER.pseudonym("patient", old)
    assert KEY.pseudonym("patient", old) != KEY.pseudonym("file", old)
    assert re.fullmatch(r"[0-9A-F]{16}", KEY.pseudonym("patient", old))
    assert -3650 <= KEY.shift_days(old) <= -1


@given(st.text())
def test_unique_identifiers_are_numbers_of_sound_uuids(old):
    root, number = KEY.uid(old).rsplit(".", 1)
    assert root == "2.25"
    assert len(KEY.uid(old)) <= 64
    assert UUID(int=int(number)).version == 8


def test_patients_shift_apart():
    assert len({KEY.shift_days(str(patient)) for patient in range(100)}) > 90


def test_a_key_does_not_show_its_secret():
    assert "aaaa" not in repr(KEY)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "deep" / "secret.key"
    key = open_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(key.secret) == 64
    assert open_key(path) == key
    assert [each.name for each in path.parent.iterdir()] == ["secret.key"]


def test_a_key_may_not_lie_where_others_get_it(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "out")
    for path in (tmp_path / "out" / "a.key", tmp_path / "link" / "b.key"):
        with pytest.raises(DataError, match=r"a file in .*out, expected a file outside .*; name another by --key"):
            open_key(path, outside=(tmp_path / "out",))
        assert not path.exists()


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "a.key"
    open_key(path)
    path.chmod(0o640)
    with pytest.raises(DataError, match=r"a file that others may read, expected the owner alone; chmod 600"):
        open_key(path)


def test_a_short_key_is_refused(tmp_path):
    path = tmp_path / "a.key"
    path.touch(0o600)
    path.write_text("short\n")
    with pytest.raises(DataError, match="got 5 characters, expected at least 32"):
        open_key(path)


def test_the_place_of_the_key_can_be_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCTORSUN_DEIDENTIFICATION_KEY", str(tmp_path / "x.key"))
    assert default_key_path() == tmp_path / "x.key"
    monkeypatch.delenv("DOCTORSUN_DEIDENTIFICATION_KEY")
    assert str(default_key_path()).endswith(DEFAULT_KEY[1:])
