"""Embeddings, by our engine or an upstream, metered by tokens."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from volano.kernel.errors import Invalid, VolanoError
from volano.services.models.logic.parameters import invalid
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.routing import Served, candidates_of
from volano.services.models.logic.routing import embed as make_vectors
from volano.services.models.logic.serving import begin
from volano.services.models.model import EMBEDDING_MODEL, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Embeddings
    from volano.services.models.model import Model

MAX_INPUTS = 2048
MAX_INPUT_CHARACTERS = 200_000
BYTES_PER_TOKEN = 4
"""About; what is billed is counted afterwards."""


async def embed(
    env: Env,
    call: Call,
    inputs: Sequence[str | tuple[int, ...]],
    *,
    model_name: str = EMBEDDING_MODEL,
    width: int | None = None,
    served: Served | None = None,
) -> Embeddings:
    """One unit-length vector per input (text or token ids), in order, shortened to `width` numbers.

    Raises Invalid for no input, an empty one, more than 2,048 or one over 200,000 characters, for
    token ids that are not of the model's tokenizer or of one that we do not hold, and when the
    model's vectors have fewer numbers than `width`.
    """
    if not 1 <= len(inputs) <= MAX_INPUTS:
        raise Invalid(
            f"'input' has {len(inputs)} texts; it takes 1 to {MAX_INPUTS}.",
            fields={"param": "input"},
        )
    for index, text in enumerate(inputs):
        if not text or len(text) > MAX_INPUT_CHARACTERS:
            raise Invalid(
                f"'input[{index}]' is empty or over {MAX_INPUT_CHARACTERS} characters.",
                fields={"param": f"input[{index}]"},
            )
    model = await require_task(env, call.account, model_name, Task.EMBED)
    if not all(isinstance(each, str) for each in inputs):
        _require_own_ids(model, model_name)
    served = served or Served()
    candidates = await candidates_of(env, call, model)
    served.route = candidates.route.name if candidates.route else ""
    read_bytes = sum(_size_bytes(each) for each in inputs)
    asking = await begin(
        env,
        call,
        model,
        served,
        candidates,
        id=env.ids.uuid(),
        read_bytes=read_bytes,
        made_max=0,
    )
    error: VolanoError | None = None
    try:
        found = await make_vectors(env, candidates, inputs, served, asking.failed)
        asking.read_tokens = found.prompt_tokens
        if width is not None and width != len(found.vectors[0]):
            found = await _shortened(found, width, model.name)
    except VolanoError as caught:
        error = caught
        raise
    finally:
        await asking.end(error)
    return found


def _require_own_ids(model: Model, asked_name: str) -> None:
    """Token ids mean words in one tokenizer only: in that of the model whose name was given."""
    if asked_name != model.name:
        raise invalid(
            "input",
            f"token ids of '{asked_name}' are not those of '{model.name}', which answers for it "
            "here; send text (langchain: check_embedding_ctx_length=False)",
        )
    if not model.is_local:
        raise invalid("input", f"the tokenizer of '{model.name}' is not here; send text")


def _size_bytes(given: str | tuple[int, ...]) -> int:
    return len(given.encode()) if isinstance(given, str) else BYTES_PER_TOKEN * len(given)


async def _shortened(found: Embeddings, width: int, name: str) -> Embeddings:
    """The first numbers of each vector, at unit length again, as OpenAI shortens them."""
    if not 1 <= width <= len(found.vectors[0]):
        raise invalid("dimensions", f"it is 1 to {len(found.vectors[0])} for '{name}'")
    vectors = await asyncio.to_thread(
        lambda: tuple(_unit(vector[:width]) for vector in found.vectors)
    )
    return replace(found, vectors=vectors)


def _unit(vector: tuple[float, ...]) -> tuple[float, ...]:
    length = math.hypot(*vector) or 1.0
    return tuple(number / length for number in vector)
