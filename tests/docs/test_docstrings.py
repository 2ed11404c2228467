"""Every public name says what it takes and gives: numpydoc finds no parameter undocumented, unknown or out of order."""

import inspect

import pytest

import swayline as sw

validate = pytest.importorskip("numpydoc.validate", reason="needs the extra docs").validate
ALWAYS = {"GL08", "SS01", "PR01", "PR02", "PR03"}
"""No docstring, no summary, parameters undocumented, unknown, out of order."""
OF_FUNCTIONS = {"RT01"}
"""What is returned is not said."""


@pytest.mark.parametrize("name", sorted(sw._PUBLIC))
def test_a_public_name_documents_its_parameters_and_what_it_returns(name):
    asked = ALWAYS | (OF_FUNCTIONS if inspect.isfunction(getattr(sw, name)) else set())
    if issubclass(getattr(sw, name), BaseException) if inspect.isclass(getattr(sw, name)) else False:
        asked -= {"PR01"}
    found = validate(f"{sw._PUBLIC[name]}.{name}")["errors"]
    assert [(code, text) for code, text in found if code in asked] == []
