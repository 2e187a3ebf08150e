from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volano.ml.engine.detokenizer import Detokenizer, TokenLogprob


def feed(pieces: list[bytes], stop: tuple[str, ...] = ()) -> list[str]:
    detokenizer = Detokenizer(stop)
    texts = []
    for piece in pieces:
        detokenizer.add(piece, None)
        texts.append(detokenizer.take()[0])
        if detokenizer.stopped:
            return texts
    detokenizer.finish()
    return [*texts, detokenizer.take()[0]]


def logprob(token: str) -> TokenLogprob:
    return TokenLogprob(token=token, logprob=-1.0, bytes=token.encode(), top=())


def test_a_character_appears_once_all_its_bytes_are_there():
    assert feed([b"a", b"\xe5", b"\xa5", b"\xbd", b"b"]) == ["a", "", "", "好", "b", ""]


def test_an_incomplete_character_at_the_end_becomes_a_replacement():
    assert feed([b"a\xf0\x9f"]) == ["a", "\ufffd"]


def test_invalid_bytes_do_not_hold_up_what_follows():
    assert feed([b"\xff", b"ok"]) == ["\ufffd", "ok", ""]


@given(st.text(max_size=30), st.lists(st.integers(0, 120), max_size=8))
def test_text_cut_into_any_pieces_comes_out_whole(text: str, cuts: list[int]):
    data = text.encode()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    assert "".join(feed(pieces)) == text


def test_a_stop_string_over_three_tokens_is_cut_and_never_shown():
    assert feed([b"one S", b"T", b"OP two"], ("STOP",)) == ["one ", "", ""]


def test_held_text_is_released_when_it_was_no_stop_string():
    assert feed([b"one S", b"TART"], ("STOP",)) == ["one ", "START", ""]


def test_held_text_is_released_at_the_end():
    assert feed([b"one ST"], ("STOP",)) == ["one ", "ST"]


def test_the_earliest_of_several_stop_strings_wins():
    assert feed([b"abcdef"], ("ef", "cd")) == ["ab"]


@given(
    st.text(alphabet="ab", max_size=24),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=4), max_size=3),
    st.integers(1, 5),
)
def test_stopping_equals_cutting_the_whole_text(text: str, stops: list[str], size: int):
    pieces = [text[i : i + size].encode() for i in range(0, len(text), size)]
    found = [text.find(stop) for stop in stops if stop in text]
    got = "".join(feed(pieces, tuple(stops)))
    if not found:
        assert got == text
    else:
        # The stop that is complete first ends the text, so the cut is one of those found.
        assert text.startswith(got)
        assert len(got) in {
            i for stop in stops for i in range(len(text)) if text.startswith(stop, i)
        }
        assert not any(stop in got for stop in stops)


def test_logprobs_come_with_their_text_and_stop_where_it_stops():
    detokenizer = Detokenizer(("STOP",))
    shown = []
    for token in ("one ", "ST", "OP", "x"):
        detokenizer.add(token.encode(), logprob(token))
        text, logprobs = detokenizer.take()
        shown.append((text, [entry.token for entry in logprobs]))
        if detokenizer.stopped:
            break
    assert shown == [("one ", ["one "]), ("", []), ("", [])]


def test_logprobs_of_the_bytes_of_one_character_come_together():
    detokenizer = Detokenizer(())
    for piece in (b"\xe5", b"\xa5"):
        detokenizer.add(piece, logprob("?"))
        assert detokenizer.take() == ("", ())
    detokenizer.add(b"\xbd", logprob("?"))
    text, logprobs = detokenizer.take()
    assert (text, len(logprobs)) == ("好", 3)


@pytest.mark.parametrize("stop", [(), ("",)])
def test_an_empty_stop_string_stops_nothing(stop: tuple[str, ...]):
    assert feed([b"a"], stop) == ["a", ""]
