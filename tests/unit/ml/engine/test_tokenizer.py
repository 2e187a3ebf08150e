from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Encoder
from tokenizers import decoders, models

from volano.ml.engine.tokenizer import Tokenizer
from volano.ml.errors import BadModel

if TYPE_CHECKING:
    from pathlib import Path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=60))
def test_the_bytes_of_the_tokens_are_the_text(tiny_folder: Path, text: str):
    tokenizer = Tokenizer(tiny_folder)
    ids = tokenizer.encode(text, add_special=False)
    assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()


def test_special_tokens_have_a_name_but_no_bytes(tiny_folder: Path):
    tokenizer = Tokenizer(tiny_folder)
    id = tokenizer.token_id("<|im_end|>")
    assert id is not None
    assert tokenizer.token_bytes(id) == b""
    assert tokenizer.token_text(id) == "<|im_end|>"


def test_an_id_outside_the_vocabulary_has_no_bytes(tiny_folder: Path):
    assert Tokenizer(tiny_folder).token_bytes(10**6) == b""


def test_byte_fallback_vocabularies_give_bytes_and_spaces(tmp_path: Path):
    vocab = {"<unk>": 0, "<0xE5>": 1, "▁shop": 2, "s": 3}
    encoder = Encoder(models.BPE(vocab=vocab, merges=[], byte_fallback=True, unk_token="<unk>"))
    encoder.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback()])
    encoder.save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer(tmp_path)
    assert [tokenizer.token_bytes(id) for id in (1, 2, 3)] == [b"\xe5", b" shop", b"s"]


def test_a_missing_or_damaged_tokenizer_is_named(tmp_path: Path):
    with pytest.raises(BadModel, match=r"no tokenizer\.json"):
        Tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    with pytest.raises(BadModel, match=r"tokenizer\.json cannot be read"):
        Tokenizer(tmp_path)
