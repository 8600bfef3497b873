import json
import math
from pathlib import Path
from typing import Any

import pytest

from doctorsun.errors import DoctorSunError, RecipeError, WeightsError
from doctorsun.schema import Message, text_part
from doctorsun.serve.abstention import Calibration, Confidence, Withheld, read_calibration, refusal_to_answer
from doctorsun.serve.engine import Question

KINDS = {
    "closed": {
        "temperature": 2.0,
        "abstention": [{"target_risk": 0.05, "threshold": None}, {"target_risk": 0.1, "threshold": 0.8}],
    },
    "mcq": {
        "temperature": 0.5,
        "abstention": [{"target_risk": 0.05, "threshold": None}, {"target_risk": 0.1, "threshold": None}],
    },
}


def asked(*options: str, words: str = "Is there a nodule?") -> Question:
    return Question(messages=(Message(role="user", content=(text_part(words),)),), options=options)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    write(tmp_path, {"version": 1, "revision": "abc", "kinds": KINDS})
    return tmp_path


def write(folder: Path, content: Any) -> None:
    (folder / "calibration.json").write_text(json.dumps(content), encoding="utf-8")


def test_without_calibration_the_shares_are_the_models_own() -> None:
    found = Calibration().judge(asked("yes", "no"), [math.log(0.6), math.log(0.2)])
    assert found == Confidence(option="yes", probability=pytest.approx(0.75), withheld=None, calibrated=False)


def test_a_temperature_makes_the_model_more_modest(weights: Path) -> None:
    calibration = read_calibration(weights, "abc", None)
    found = calibration.judge(asked("是", "否"), [math.log(0.1), math.log(0.9)])
    assert found == Confidence(option="否", probability=pytest.approx(0.75), withheld=None, calibrated=True)


@pytest.mark.parametrize(("share", "abstained"), [(0.9, True), (0.9411, True), (0.9413, False)])
def test_below_the_threshold_there_is_no_answer(weights: Path, share: float, *, abstained: bool) -> None:
    calibration = read_calibration(weights, "abc", 0.1)
    # At temperature 2, the square roots are compared: 4 to 1 is the threshold of 0.8.
    found = calibration.judge(asked("yes", "no"), [math.log(share), math.log(1 - share)])
    assert (found.withheld, found.abstained) == ("unsure" if abstained else None, abstained)


def test_a_kind_whose_risk_could_not_be_held_is_never_answered(weights: Path) -> None:
    found = read_calibration(weights, "abc", 0.1).judge(asked("lung", "liver"), [-0.001, -9.0])
    assert (found.option, found.withheld, found.calibrated) == ("lung", "no_threshold", True)


def test_a_kind_that_was_not_calibrated_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"revision": "abc", "kinds": {"closed": KINDS["closed"]}})
    found = read_calibration(tmp_path, "abc", None).judge(asked("lung", "liver"), [-0.5, -0.7])
    assert found.calibrated is False


@pytest.mark.parametrize(
    ("logprobs", "why"),
    [
        ((), "not_told"),
        ((-math.inf, -math.inf), "other_words"),
        ((math.log(0.44), math.log(0.05)), "other_words"),
    ],
    ids=["none", "impossible", "less likely than another beginning"],
)
@pytest.mark.parametrize("risk", [None, 0.1])
def test_options_that_the_model_does_not_write_tell_nothing(
    weights: Path, logprobs: Any, why: Any, risk: float | None
) -> None:
    found = read_calibration(weights, "abc", risk).judge(asked("yes", "no"), logprobs)
    assert found == Confidence(option=None, probability=None, withheld=why if risk else None, calibrated=False)


def test_options_that_are_half_of_all_beginnings_are_weighed() -> None:
    assert Calibration().judge(asked("yes", "no"), [math.log(0.46), math.log(0.05)]).option == "yes"


def test_an_impossible_option_leaves_the_other() -> None:
    found = Calibration().judge(asked("yes", "no"), [-math.inf, -0.3])
    assert (found.option, found.probability) == ("no", 1.0)


@pytest.mark.parametrize(
    ("why", "english", "chinese"),
    [
        ("unsure", "I am not sure enough", "我对这个问题没有足够的把握"),
        ("no_threshold", "For questions of this kind no confidence", "评估未能为这类问题找到"),
        ("other_words", "The model does not answer this question with one of the choices", "模型没有用所给选项来回答"),
        ("not_told", "The engine does not tell how likely", "引擎没有给出各选项的可能性"),
    ],
)
def test_the_refusal_says_why_in_the_questions_language(why: Withheld, english: str, chinese: str) -> None:
    assert refusal_to_answer(asked(words="Is it a nodule?"), why).startswith(english)
    assert refusal_to_answer(asked(words="CT 上有结节吗？"), why).startswith(chinese)


def test_weights_without_a_file_are_not_calibrated(tmp_path: Path) -> None:
    assert read_calibration(tmp_path, "abc", None) == Calibration()


def test_a_risk_needs_a_file(tmp_path: Path) -> None:
    message = r"--abstain: got no calibration.json beside the weights, expected one; .*eval .* --out DIR --calibrate'"
    with pytest.raises(RecipeError, match=message):
        read_calibration(tmp_path, "abc", 0.1)


@pytest.mark.parametrize(
    ("risk", "message"),
    [
        (0.3, r"--abstain: got 0.3, expected one of 0.05, 0.1"),
        (0.05, r"--abstain: got 0.05, which no threshold held, expected a risk that these weights can keep; accept"),
    ],
)
def test_a_risk_that_was_not_held_is_refused(weights: Path, risk: float, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_calibration(weights, "abc", risk)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "got JSONDecodeError"),
        ("[]", "got TypeError"),
        ("{}", "got KeyError"),
        ('{"revision": "abc", "kinds": []}', "got no kinds of questions"),
        ('{"revision": "abc", "kinds": {"mcq": {}}}', "got KeyError: 'temperature'"),
        ('{"revision": "abc", "kinds": {"mcq": {"temperature": 0}}}', r"got temperatures \[0.0\]"),
        ('{"revision": "old", "kinds": {}}', "got a calibration of revision old, expected abc; evaluate these weights"),
    ],
)
def test_a_file_that_is_damaged_or_of_other_weights_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "calibration.json").write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError, match=message) as error:
        read_calibration(tmp_path, "abc", None)
    assert isinstance(error.value, DoctorSunError)
