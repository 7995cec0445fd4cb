from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowsync.errors import ConfigError
from flowsync.github.inputs import ACTION_INPUTS, CiCommand, CommentMode, ReviewRule, Switch, read_inputs

if TYPE_CHECKING:
    from flowsync.github.inputs import ActionInput


def test_empty_inputs_mean_their_defaults() -> None:
    inputs = read_inputs({each.variable: " " for each in ACTION_INPUTS})
    assert inputs == read_inputs({each.variable: each.default for each in ACTION_INPUTS})
    assert (inputs.command, inputs.comment) == (CiCommand.PLAN, CommentMode.CHANGES_ONLY)
    assert (inputs.require_reviewed_plan, inputs.sandbox) == (ReviewRule.ERROR, Switch.OFF)
    assert inputs.config is None


CHOICES = [(each, value) for each in ACTION_INPUTS for value in each.choices]


@pytest.mark.parametrize(("input_", "value"), CHOICES, ids=lambda value: str(getattr(value, "name", value)))
def test_every_choice_that_an_input_offers_is_taken(input_: ActionInput, value: str) -> None:
    read_inputs({input_.variable: value.upper()})


def test_the_command_line_goes_before_the_variable() -> None:
    assert read_inputs({"FLOWSYNC_COMMAND": "apply"}, "drift").command is CiCommand.DRIFT


def test_an_unknown_value_is_refused_with_the_input_and_what_it_takes() -> None:
    with pytest.raises(ConfigError) as caught:
        read_inputs({"FLOWSYNC_COMMENT": "always\x1b[31m"})
    assert str(caught.value) == r"The input comment (FLOWSYNC_COMMENT) cannot be 'always\x1b[31m'."
    assert caught.value.hint == "It takes update, recreate, changes-only, off."


def test_keys_and_token_never_show_in_a_repr() -> None:
    names = ("FLOWSYNC_PUBLIC_API_KEY", "FLOWSYNC_PRIVATE_API_KEY", "GITHUB_TOKEN")
    assert "secret" not in repr(read_inputs(dict.fromkeys(names, "secret")))


def test_what_guards_let_through_is_a_list_of_known_names() -> None:
    assert read_inputs({"FLOWSYNC_ALLOW": " many,protected\nmany"}).allow == ("many", "protected", "many")
    with pytest.raises(ConfigError) as caught:
        read_inputs({"FLOWSYNC_ALLOW": "many everything"})
    assert str(caught.value) == "The input allow (FLOWSYNC_ALLOW) cannot be 'everything'."
    assert "clear-targeting" in (caught.value.hint or "")
