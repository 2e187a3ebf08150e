"""Messages of a conversation: what programs send back of an answer is taken as it came."""

from __future__ import annotations

import pytest

from volano.kernel.errors import Invalid
from volano.services.models.logic.messages import parse_messages

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "look", "arguments": "{}", "parsed_arguments": {"at": 1}},
}
ANSWERED = {
    "role": "assistant",
    "content": None,
    "refusal": None,
    "annotations": [],
    "parsed": {"ok": True},
    "tool_calls": [CALL],
}


def test_an_answer_goes_back_as_the_sdk_holds_it():
    told = {"role": "tool", "tool_call_id": "call_1", "content": "seen"}
    asked, called, seen = parse_messages([{"role": "user", "content": "hi"}, ANSWERED, told])
    assert called == {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        ],
    }
    assert (asked["content"], seen["content"]) == ("hi", "seen")


def test_other_fields_are_refused_by_their_place():
    with pytest.raises(Invalid) as refused:
        parse_messages([{"role": "user", "content": "hi", "weight": 1}])
    assert refused.value.fields["param"] == "messages[0].weight"
