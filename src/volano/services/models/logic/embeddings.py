"""Embeddings, by our engine or an upstream, metered by tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import Invalid, VolanoError
from volano.services.models.logic.registry import require_task
from volano.services.models.logic.routing import Served, candidates_of
from volano.services.models.logic.routing import embed as make_vectors
from volano.services.models.logic.serving import begin
from volano.services.models.model import EMBEDDING_MODEL, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from volano.kernel.call import Call, Env
    from volano.kernel.inference import Embeddings

MAX_INPUTS = 2048
MAX_INPUT_CHARACTERS = 200_000


async def embed(
    env: Env,
    call: Call,
    inputs: Sequence[str],
    *,
    model_name: str = EMBEDDING_MODEL,
    width: int | None = None,
    served: Served | None = None,
) -> Embeddings:
    """One unit-length vector per input, in order.

    Raises Invalid for no input, an empty one, more than 2,048 or one over 200,000 characters, and
    when the model's vectors are not of the wanted `width`.
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
    served = served or Served()
    candidates = await candidates_of(env, call, model)
    served.route = candidates.route.name if candidates.route else ""
    read_bytes = sum(len(text.encode()) for text in inputs)
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
        if width is not None and width != len(found.vectors[0]):
            raise Invalid(
                f"Invalid value for 'dimensions': '{model.name}' has {len(found.vectors[0])}.",
                code="invalid_value",
                fields={"param": "dimensions"},
            )
        asking.read_tokens = found.prompt_tokens
    except VolanoError as caught:
        error = caught
        raise
    finally:
        await asking.end(error)
    return found
