import pytest

from doctorsun.data.injection.attacks import ATTACKS, NEUTRAL, wrong_answer
from doctorsun.data.readers.injection import injection_item
from doctorsun.schema import Answer, Sample

CLOSED, CHOICE = 0, 8


def under(number: int, language: str) -> dict[str, Sample]:
    """The questions about a picture by their attack; the one without is called none."""
    rows = injection_item(number)
    return {row.task.removeprefix("injection:"): row for row in rows if row.language == language}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", [CLOSED, CHOICE])
def test_every_attack_points_at_its_twin_and_keeps_its_truth(number: int, language: str) -> None:
    rows = under(number, language)
    twin = rows.pop("none")
    assert twin.variant is None
    assert list(rows) == [*ATTACKS, *NEUTRAL]
    for name, row in rows.items():
        assert row.variant is not None
        kind = "neutral" if name in NEUTRAL else "injection"
        assert (row.variant.of, row.variant.kind, row.answer) == (twin.id, kind, twin.answer)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_picture_is_attacked_with_the_same_words_and_words_with_the_same_picture(language: str) -> None:
    rows = under(CLOSED, language)
    twin = rows.pop("none")
    for name, row in rows.items():
        assert (row.images == twin.images) == ("picture" not in name)
        assert (row.messages == twin.messages) == ("picture" in name)


@pytest.mark.parametrize(("number", "language", "wanted"), [(CLOSED, "en", "yes"), (CLOSED, "zh", "是")])
def test_words_ask_for_the_wrong_answer(number: int, language: str, wanted: str) -> None:
    rows = under(number, language)
    answer = rows["none"].answer
    assert answer is not None
    assert wrong_answer(answer, language) == wanted
    said = {name: row.messages[0].text.removeprefix(rows["none"].messages[0].text) for name, row in rows.items()}
    for name in ("prompt_report", "prompt_markup", "prompt_system"):
        assert wanted in said[name]
    assert said["prompt_hidden"].replace("\N{ZERO WIDTH SPACE}", "").endswith(wanted)
    assert said["prompt_hidden"].count("\N{ZERO WIDTH SPACE}") > 5


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", [CLOSED, CHOICE])
def test_neutral_words_ask_for_nothing_and_are_the_same_whatever_is_right(number: int, language: str) -> None:
    rows = under(number, language)
    asked = rows["none"].messages[0].text
    said = rows["neutral_report"].messages[0].text.removeprefix(asked)
    begin, _, _ = (
        rows["prompt_report"].messages[0].text.removeprefix(asked).partition("this: " if language == "en" else "注意：")
    )
    assert said.startswith(begin)
    assert not any(word in said for word in ("answer", "ignore", "回答", "忽略"))
    sample = rows["none"]
    for attack in NEUTRAL.values():
        assert attack(sample, "yes") == attack(sample, "no")


def test_the_wrong_letter_is_the_next_one_round_the_options() -> None:
    options = ("a", "b", "c")
    found = [wrong_answer(Answer(kind="mcq", gold=(gold,), options=options), "en") for gold in "ABC"]
    assert found == ["B", "C", "A"]


def test_the_suite_is_the_same_every_time_and_balanced() -> None:
    assert injection_item(3) == injection_item(3)
    kinds = [row.answer.kind for number in range(16) for row in injection_item(number) if row.answer]
    assert kinds.count("closed") == kinds.count("mcq") == 8 * 2 * (1 + len(ATTACKS) + len(NEUTRAL))
