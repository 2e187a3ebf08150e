"""Message text: what is escaped, what is an entity, what is said."""

from __future__ import annotations

import pytest

from volano.services.chat.logic.blocks import block_texts
from volano.services.chat.logic.mrkdwn import (
    find_mentions,
    from_markdown,
    normalize_text,
    to_plain,
)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("already &amp; &lt;done&gt;", "already &amp; &lt;done&gt;"),
        ("<@U12345678> and <#C12345678|general>", "<@U12345678> and <#C12345678|general>"),
        ("<@U12345678|ana> hi", "<@U12345678> hi"),
        (
            "<!here> <!subteam^S123> <!date^1|{date}|x>",
            "<!here> <!subteam^S123> <!date^1|{date}|x>",
        ),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<javascript:alert(1)|click>", "&lt;javascript:alert(1)|click&gt;"),
        ("see https://volano.example/a?b=1&c=2.", "see <https://volano.example/a?b=1&amp;c=2>."),
        ("<https://a.example|A & B>", "<https://a.example|A & B>"),
        ("`https://a.example`", "`https://a.example`"),
        ("> quoted", "&gt; quoted"),
    ],
)
def test_text_is_stored_as_slack_stores_it(sent, stored):
    assert normalize_text(sent) == stored
    assert normalize_text(stored) == stored


def test_mentions_are_found():
    assert find_mentions("<@U12345678> <@W12345678|x> <#C12345678>") == {"U12345678", "W12345678"}


def test_plain_words_have_no_machinery():
    text = "*Gross* sales &amp; _more_: <https://a.example|the report>, <@U12345678> `x`"
    assert to_plain(text).split() == ["Gross", "sales", "&", "more:", "the", "report,", "x"]


def test_words_of_blocks_are_found_in_order():
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Title"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*A*\n1"}]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Hello "},
                        {"type": "user", "user_id": "U12345678"},
                    ],
                },
            ],
        },
    ]
    attachments = [{"pretext": "P", "fields": [{"title": "T", "value": "V"}]}]
    assert block_texts({"blocks": blocks, "attachments": attachments}) == [
        "Title",
        "*A*\n1",
        "Hello <@U12345678>",
        "P",
        "T",
        "V",
    ]


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** and *italic* and ~~gone~~", "*bold* and _italic_ and ~gone~"),
        ("# Head\n- one\n- two", "*Head*\n• one\n• two"),
        ("[here](https://example.com/a) & <b>", "<https://example.com/a|here> &amp; &lt;b&gt;"),
        ("`**code**` stays", "`**code**` stays"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("# C#\n## Over ##", "*C#*\n*Over*"),
        ("__my__file__ and x__y__z", "*my__file* and x__y__z"),
        ('[[1]](https://a.b) ![i](https://c.d "t")', "[[1]](https://a.b) <https://c.d|i>"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown, mrkdwn):
    assert from_markdown(markdown) == mrkdwn


@pytest.mark.parametrize(
    ("mrkdwn", "plain"),
    [
        ("*bold* _it_ ~gone~, *_all_*", "bold it gone, all"),
        ("_my_file_name_ *2*3 = 6*", "my_file_name 2*3 = 6"),
        ("*not *closed", "*not *closed"),
    ],
)
def test_marks_are_no_words(mrkdwn, plain):
    assert to_plain(mrkdwn) == plain


@pytest.mark.parametrize(
    "piece",
    [
        "[", "*a ", " *a", " _a", "_", "a_", "a__", "**a ", "~~a ", "\n", "# a ", "\t", "`", "<",
        "<@UAAA|", "<http://x|", "http://", "[](http://x", '![a](http://x "',
    ],
)  # fmt: skip
def test_no_text_takes_long(piece):
    # What looks at every character again for each of the others would be at this for minutes.
    text = f"# a{piece * (100_000 // len(piece))}b"
    assert from_markdown(text)
    assert normalize_text(text)
    assert to_plain(text)
