"""Settings of splits."""

import pytest
from pydantic import ValidationError

from doctorsun.config.curation import Splits


def test_shares_leave_something_to_train_on():
    assert Splits(validation=0.5, test=0.4).by == "official"
    with pytest.raises(ValidationError, match=r"validation 0.5 and test 0.5 leave nothing to train on"):
        Splits(validation=0.5, test=0.5)
