from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from volano.ml.engine.chat_template import ChatTemplate, find_chat_template
from volano.ml.errors import BadModel, BadRequest

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = [{"role": "user", "content": "hello"}]


def render(source: str, messages=MESSAGES) -> str:
    return ChatTemplate(source, {"bos_token": "<s>"}).render(messages)


def test_templates_see_messages_tokens_and_the_generation_prompt():
    source = "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{% endfor %}{{ add_generation_prompt }}"
    assert render(source) == "<s>user:helloTrue"


def test_loop_controls_and_tojson_work_as_in_transformers():
    source = "{% for m in messages %}{{ m | tojson }}{% break %}{% endfor %}"
    assert json.loads(render(source, MESSAGES * 2)) == MESSAGES[0]


def test_raise_exception_becomes_a_clear_refusal():
    with pytest.raises(BadRequest, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ messages.append(1) }}",
        "{% for i in range(10000000) %}{% endfor %}",
        "{{ 1 // 0 }}",
        "{{ messages[7].content.x.y }}",
    ],
)
def test_templates_cannot_leave_the_sandbox_or_crash_us(source: str):
    with pytest.raises(BadRequest, match="template refused"):
        render(source)


def test_what_a_template_sets_does_not_change_the_callers_messages():
    messages = [{"role": "user", "content": "hello"}]
    with pytest.raises(BadRequest):
        render("{{ messages[0].update({'role': 'system'}) }}", messages)
    assert messages == MESSAGES


def test_a_template_that_is_not_one_is_refused_when_loaded():
    with pytest.raises(BadModel, match="not valid"):
        ChatTemplate("{% for %}", {})


def test_an_endless_output_is_cut():
    with pytest.raises(BadRequest, match="longer than"):
        render("{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}")


def test_the_template_is_found_in_its_three_places(tmp_path: Path):
    assert find_chat_template(tmp_path, {}) is None
    named = {"chat_template": [{"name": "default", "template": "A"}], "bos_token": {"content": "b"}}
    found = find_chat_template(tmp_path, named)
    assert found is not None
    assert found.render(MESSAGES) == "A"
    (tmp_path / "chat_template.jinja").write_text("B")
    found = find_chat_template(tmp_path, {"chat_template": "C"})
    assert found is not None
    assert found.render(MESSAGES) == "B"
