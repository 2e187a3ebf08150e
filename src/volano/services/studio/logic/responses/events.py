"""The events of a response, in the order and with the numbers that the API documents.

Deltas of the model go in, events come out: an item is added, its parts begin, grow and end, the
item is done. What was said last is also the response's `output`.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from volano.services.models.interface import InputReader, padding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from volano.kernel.ids import Ids
    from volano.kernel.inference import Delta, TokenLogprob, ToolCallDelta
    from volano.services.studio.model.responses import Json


@dataclass(slots=True)
class _Open:
    """The item that grows now. `key` tells tool calls apart; `reader` is a custom call's."""

    kind: str
    item: Json
    index: int
    key: int = -1
    text: str = ""
    logprobs: list[Json] = field(default_factory=list)
    reader: InputReader = field(default_factory=InputReader)


@dataclass(slots=True)
class Assembly:
    """A response being made: `body` is its object, `output` the items that are done.

    `hidden` are names of tools that run here, whose calls are no function calls of the client;
    they are collected in `pending`. Calls of `custom` tools carry a plain text. `padded` hides how
    long each piece is.
    """

    ids: Ids
    body: Json
    hidden: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()
    padded: bool = False
    with_logprobs: bool = False
    output: list[Json] = field(default_factory=list)
    pending: list[_Open] = field(default_factory=list)
    _sequence: int = 0
    _open: _Open | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no item grows."""
        return self._open is None

    def event(self, kind: str, **words: object) -> Json:
        """The next event; its number is one more than the last one's."""
        made: Json = {"type": kind, "sequence_number": self._sequence, **words}
        self._sequence += 1
        return made

    def whole(self, kind: str) -> Json:
        """An event that carries the response as it is now."""
        return self.event(kind, response=deepcopy({**self.body, "output": self.output}))

    def add(self, delta: Delta) -> Iterator[Json]:
        """The events of a delta."""
        if delta.reasoning:
            yield from self._switch("reasoning")
            yield from self._grow("response.reasoning_text.delta", delta.reasoning)
        if delta.text or (delta.logprobs and self.with_logprobs):
            yield from self._switch("message")
            found = _logprobs(delta.logprobs) if self.with_logprobs else []
            assert self._open is not None
            self._open.logprobs += found
            yield from self._grow("response.output_text.delta", delta.text, logprobs=found)
        for piece in delta.tool_calls:
            yield from self._call(piece)

    def _call(self, piece: ToolCallDelta) -> Iterator[Json]:
        hidden = next((item for item in self.pending if item.key == piece.index), None)
        if hidden is not None:
            hidden.text += piece.arguments
            return
        if self._open is None or self._open.key != piece.index:
            yield from self.close()
            name = piece.name
            item: Json = {
                "id": f"fc_{self.ids.hex(32)}",
                "type": "function_call",
                "status": "in_progress",
                "call_id": piece.id,
                "name": name,
                "arguments": "",
            }
            if name in self.hidden:
                kept = _Open("hidden", item, -1, key=piece.index, text=piece.arguments)
                self.pending.append(kept)
                return
            if name in self.custom:
                del item["arguments"]
                item |= {"id": f"ctc_{self.ids.hex(32)}", "type": "custom_tool_call", "input": ""}
            yield from self._begin(str(item["type"]), item, key=piece.index)
        assert self._open is not None
        if self._open.kind == "custom_tool_call":
            text = self._open.reader.feed(piece.arguments)
            yield from self._grow("response.custom_tool_call_input.delta", text)
            return
        yield from self._grow("response.function_call_arguments.delta", piece.arguments)

    def _switch(self, kind: str) -> Iterator[Json]:
        if self._open is not None and self._open.kind == kind:
            return
        yield from self.close()
        if kind == "reasoning":
            item: Json = {"id": f"rs_{self.ids.hex(32)}", "type": kind, "summary": []}
            yield from self._begin(kind, item | {"content": [], "status": "in_progress"})
            yield self._part("added", {"type": "reasoning_text", "text": ""})
            return
        message: Json = {"id": f"msg_{self.ids.hex(32)}", "type": "message", "role": "assistant"}
        yield from self._begin(kind, message | {"status": "in_progress", "content": []})
        yield self._part("added", _text_part("", [], []))

    def _begin(self, kind: str, item: Json, *, key: int = -1) -> Iterator[Json]:
        index = len(self.output)
        self._open = _Open(kind, item, index, key=key)
        yield self.event("response.output_item.added", output_index=index, item=deepcopy(item))

    def _part(self, word: str, part: Json) -> Json:
        assert self._open is not None
        return self.event(
            f"response.content_part.{word}",
            item_id=self._open.item["id"],
            output_index=self._open.index,
            content_index=0,
            part=part,
        )

    def _grow(self, kind: str, text: str, **words: object) -> Iterator[Json]:
        held = self._open
        assert held is not None
        held.text += text
        place = {"item_id": held.item["id"], "output_index": held.index}
        if held.kind not in ("function_call", "custom_tool_call"):
            place["content_index"] = 0
        if text and self.padded:
            words["obfuscation"] = padding(self.ids, text)
        if text:
            yield self.event(kind, **place, delta=text, **words)

    def close(self, *, status: str = "completed", notes: Iterable[Json] = ()) -> Iterator[Json]:
        """End the item that grows, if any; `notes` are cited at the end of a message."""
        held, self._open = self._open, None
        if held is None:
            return
        place = {"item_id": held.item["id"], "output_index": held.index}
        if held.kind == "function_call":
            held.item |= {"arguments": held.text}
            yield self.event(
                "response.function_call_arguments.done",
                **place,
                name=held.item["name"],
                arguments=held.text,
            )
        elif held.kind == "custom_tool_call":
            held.item |= {"input": held.text}
            yield self.event("response.custom_tool_call_input.done", **place, input=held.text)
        elif held.kind == "reasoning":
            part: Json = {"type": "reasoning_text", "text": held.text}
            held.item |= {"content": [part]}
            yield self.event(
                "response.reasoning_text.done", **place, content_index=0, text=held.text
            )
            yield self.event("response.content_part.done", **place, content_index=0, part=part)
        else:
            yield from self._close_text(held, place, notes)
        held.item["status"] = status
        yield from self.done(held.item, held.index)

    def _close_text(self, held: _Open, place: Json, given: Iterable[Json]) -> Iterator[Json]:
        end = len(held.text)
        notes: list[Json] = [
            note | ({"index": end} if note["type"] == "file_citation" else _span(end))
            for note in given
        ]
        for at, note in enumerate(notes):
            yield self.event(
                "response.output_text.annotation.added",
                **place,
                content_index=0,
                annotation_index=at,
                annotation=note,
            )
        yield self.event(
            "response.output_text.done",
            **place,
            content_index=0,
            text=held.text,
            logprobs=held.logprobs,
        )
        part = _text_part(held.text, notes, held.logprobs)
        held.item["content"] = [part]
        yield self.event("response.content_part.done", **place, content_index=0, part=part)

    def done(self, item: Json, index: int) -> Iterator[Json]:
        """An item is complete: it is part of the output now."""
        self.output.append(item)
        yield self.event("response.output_item.done", output_index=index, item=deepcopy(item))

    def empty_message(self) -> Iterator[Json]:
        """A message without text, where the model said nothing at all."""
        yield from self._switch("message")


def _span(end: int) -> Json:
    return {"start_index": end, "end_index": end}


def _text_part(text: str, annotations: list[Json], logprobs: list[Json]) -> Json:
    return {
        "type": "output_text",
        "text": text,
        "annotations": annotations,
        "logprobs": logprobs,
    }


def _logprobs(tokens: Iterable[TokenLogprob]) -> list[Json]:
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": list(token.bytes),
            "top_logprobs": [
                {"token": text, "logprob": value, "bytes": list(raw)}
                for text, value, raw in token.top
            ],
        }
        for token in tokens
    ]
