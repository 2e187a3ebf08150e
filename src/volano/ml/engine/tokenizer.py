"""A model's tokenizer: text to ids, and each id to its exact bytes.

Two kinds of vocabulary are known: byte-level BPE (GPT-2's table of 256 printable characters; Qwen,
Llama 3) and SentencePiece with byte fallback (Llama 2, Mistral, Gemma).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tokenizers import Tokenizer as Encoder

from volano.ml.errors import BadModel, BadRequest
from volano.ml.models.configs import load_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


class Tokenizer:
    """Encodes with a folder's tokenizer.json; raises BadModel when it is missing or damaged."""

    def __init__(self, folder: Path) -> None:
        path = folder / "tokenizer.json"
        if not path.is_file():
            raise BadModel(f"{folder} has no tokenizer.json.")
        try:
            self._encoder = Encoder.from_file(str(path))
        except Exception as error:
            raise BadModel(f"tokenizer.json cannot be read: {error}.") from error
        self._encoder.no_padding()
        self._encoder.no_truncation()
        self._added = self._encoder.get_added_tokens_decoder()
        self._byte_level = "ByteLevel" in _decoder_types(path)
        self.settings = load_json(folder / "tokenizer_config.json")
        self.vocab_size = self._encoder.get_vocab_size(with_added_tokens=True)

    def encode(self, text: str, *, add_special: bool) -> list[int]:
        """Token ids; `add_special` adds what the model wants around a plain text."""
        return list(self._encoder.encode(text, add_special_tokens=add_special).ids)

    def encode_many(self, texts: Sequence[str], *, limit: int) -> list[list[int]]:
        """Token ids with the special ones, each row cut to `limit` tokens (the last stays)."""
        rows = [list(found.ids) for found in self._encoder.encode_batch_fast(list(texts))]
        return [row if len(row) <= limit else [*row[: limit - 1], row[-1]] for row in rows]

    def decode(self, token_ids: Sequence[int]) -> str:
        """The text of token ids, without special tokens; raises BadRequest for an unknown id."""
        unknown = next((id for id in token_ids if not 0 <= id < self.vocab_size), None)
        if unknown is not None:
            raise BadRequest(
                f"{unknown} is not a token id of this model: they go from 0 to "
                f"{self.vocab_size - 1}. Ids are those of the model's own tokenizer; or send text.",
                code="invalid_value",
            )
        return str(self._encoder.decode(list(token_ids), skip_special_tokens=True))

    def token_id(self, text: str) -> int | None:
        """The id of a token by its exact text."""
        found = self._encoder.token_to_id(text)
        return None if found is None else int(found)

    def token_bytes(self, token_id: int) -> bytes:
        """What a token adds to the output; nothing for a special token or an unknown id."""
        added = self._added.get(token_id)
        if added is not None:
            return b"" if added.special else added.content.encode()
        text = self._encoder.id_to_token(token_id)
        if text is None:
            return b""
        if self._byte_level:
            return bytes(_BYTE_OF[char] for char in text if char in _BYTE_OF)
        byte = _BYTE_TOKEN.fullmatch(text)
        if byte is not None:
            return bytes.fromhex(byte[1])
        return str(text).replace("▁", " ").encode()

    def token_text(self, token_id: int) -> str:
        """How a token is shown in log probabilities; special tokens by their name."""
        added = self._added.get(token_id)
        if added is not None:
            return str(added.content)
        return self.token_bytes(token_id).decode(errors="replace")


def _decoder_types(path: Path) -> set[str]:
    decoder = json.loads(path.read_text(encoding="utf-8")).get("decoder") or {}
    parts = decoder.get("decoders", [decoder])
    return {str(part.get("type")) for part in parts}


def _byte_table() -> dict[str, int]:
    """GPT-2's table: printable bytes stand for themselves, the others for characters from 256."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    rest = (byte for byte in range(256) if byte not in printable)
    table = {chr(byte): byte for byte in printable}
    return table | {chr(256 + index): byte for index, byte in enumerate(rest)}


_BYTE_OF = _byte_table()
