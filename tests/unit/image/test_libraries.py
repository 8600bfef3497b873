"""Libraries of extras are asked for when they are needed."""

import json

import pytest

from doctorsun.errors import MissingDependency
from doctorsun.image.libraries import optional_library


def test_an_installed_library_is_imported():
    assert optional_library("json", needed_for="tables", extra="tables") is json


def test_a_missing_library_is_told_with_the_line_to_install_it():
    with pytest.raises(MissingDependency) as error:
        optional_library("no_such_library", needed_for="whole slides", extra="slides")
    assert error.value.text() == (
        "whole slides need the library no_such_library: got none installed; pip install 'doctorsun[slides]'"
    )
