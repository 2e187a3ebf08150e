"""One request to a model, from leave to bill: limits, who answers, what it used and cost.

Whatever way it ends, one transaction writes its usage, lets its holds go, and notes the answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from volano.services.billing.interface import Usage
from volano.services.models.logic import limits, repeats
from volano.services.models.logic.costs import rate_of, to_nano
from volano.services.models.logic.limits import Admission
from volano.services.models.logic.lookups import own_store
from volano.services.models.logic.metering import token_records, usage_id
from volano.services.models.model import Answer
from volano.services.models.store import answers as answer_rows
from volano.services.models.store import kept as kept_rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from volano.kernel.call import Call, Env
    from volano.kernel.errors import VolanoError
    from volano.kernel.inference import Delta, Generate
    from volano.kernel.store import Tx
    from volano.services.models.logic.collecting import Collected
    from volano.services.models.logic.repeats import Repeat
    from volano.services.models.logic.routing import Candidates, Served
    from volano.services.models.model import Model

MAX_CONTEXT_TOKENS = 32_768
"""What an answer without a limit may have, for its hold."""
FRAME_TOKENS = 64
"""What a chat template adds around a conversation, at most."""
BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Asking:
    """A request under way. `asked` is the model or route that was named."""

    env: Env
    call: Call
    asked: Model
    served: Served
    id: str
    admission: Admission
    read_guess: int
    began_s: float
    first_s: float = 0.0
    repeat: Repeat | None = None
    choices: list[Collected] = field(default_factory=list)
    progress: dict[int, int] = field(default_factory=dict)
    read_tokens: int = 0

    def add(self, delta: Delta) -> None:
        """Note a delta: what was made so far is paid, read or not."""
        if not self.first_s:
            self.first_s = self.env.clock.monotonic_s()
        self.read_tokens = delta.prompt_tokens or self.read_tokens
        self.progress[delta.index] = delta.completion_tokens
        if self.repeat is not None:
            self.choices[delta.index].add(delta)

    def tokens(self) -> tuple[int, int]:
        """Read and written so far; what an upstream did not get to tell is guessed."""
        made = sum(self.progress.values())
        read = self.read_tokens or (self.read_guess if self.progress else 0)
        return read, made

    async def failed(self, model: Model, error: VolanoError) -> None:
        """Note an attempt that another model makes good."""
        answer = self._answer(model, self.served.engine, error=error.wire_code)

        async def write(tx: Tx) -> None:
            await answer_rows.insert_answer(tx, answer)

        await _write(self.env, write)

    async def end(self, error: VolanoError | None = None) -> None:
        """Write down what was used, whoever cancels meanwhile."""
        await asyncio.shield(asyncio.ensure_future(self._end(error)))

    async def _end(self, error: VolanoError | None) -> None:
        env, call, served = self.env, self.call, self.served
        model, tokens = served.model, self.tokens()
        limits.settle_tokens(env, self.admission, 0 if served.cached else sum(tokens))
        if model is None:  # nobody was asked, or refused what was wrong in the request
            if self.admission.budgets:
                await _write(env, self._let_go)
            return
        rate = await rate_of(env, call, model)
        cost = rate.cost(*tokens)
        nano = 0 if served.cached else to_nano(cost)
        records = token_records(
            env,
            call,
            model,
            id=usage_id(call, self.id),
            tokens=tokens,
            cost=cost if rate.is_own else None,
            cached=served.cached,
        )
        answer = self._answer(
            model,
            served.engine,
            error="" if error is None else error.wire_code,
            tokens=tokens,
            nano=nano,
        )
        kept = None
        if self.repeat is not None and error is None and not served.cached:
            kept = repeats.to_kept(model.name, served.engine, self.choices)

        async def write(tx: Tx) -> None:
            if records:
                tx.publish(Usage(records=records))
            await limits.settle(env, tx, self.admission, nano=nano)
            await answer_rows.insert_answer(tx, answer)
            if self.repeat is not None and kept is not None:
                await repeats.keep(env, tx, call, self.repeat, model=self.asked, answer=kept)
            if self.repeat is not None and served.cached:
                await kept_rows.add_hit(tx, call.account, self.repeat.digest)

        await _write(env, write)

    async def _let_go(self, tx: Tx) -> None:
        await limits.settle(self.env, tx, self.admission, nano=0)

    def _answer(
        self,
        model: Model,
        engine: str,
        *,
        error: str = "",
        tokens: tuple[int, int] = (0, 0),
        nano: int = 0,
    ) -> Answer:
        env = self.env
        now_s = env.clock.monotonic_s()
        return Answer(
            account=self.call.account,
            id=f"ans_{env.ids.hex(24)}",
            at_us=env.clock.now_us(),
            principal=self.call.principal.arn,
            route=self.served.route,
            model=model.name,
            engine=engine,
            error=error,
            cached=self.served.cached,
            first_us=int((self.first_s - self.began_s) * 1e6) if self.first_s else 0,
            took_us=int((now_s - self.began_s) * 1e6),
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            cost_nano=nano,
        )


async def _write(env: Env, work: Callable[[Tx], Awaitable[None]]) -> None:
    """Write so that a killed process loses nothing. Where nobody else writes the database, the
    answer does not wait for the disk: a power loss may take the last moment's usage with it."""
    own = own_store(env.store)
    await (env.store.transact(work) if own is None else own.transact_lazily(work))


async def begin(
    env: Env,
    call: Call,
    asked: Model,
    served: Served,
    candidates: Candidates,
    *,
    id: str,
    read_bytes: int,
    made_max: int,
) -> Asking:
    """Leave to ask: raises Throttled and QuotaExceeded. The answer's headers tell what is left."""
    began_s = env.clock.monotonic_s()
    read_guess = -(-read_bytes // BYTES_PER_TOKEN)

    async def highest_nano() -> int:
        """No token is shorter than a byte, so this is what it can cost at most."""
        rates = [await rate_of(env, call, model) for model in candidates.models]
        most = max(rate.cost(read_bytes + FRAME_TOKENS, made_max) for rate in rates)
        return to_nano(most)

    admission = await limits.admit(
        env, call, tokens=read_guess + made_max, highest_nano=highest_nano
    )
    served.headers += admission.headers
    return Asking(
        env=env,
        call=call,
        asked=asked,
        served=served,
        id=id,
        admission=admission,
        read_guess=read_guess,
        began_s=began_s,
    )


def size_of(request: Generate) -> tuple[int, int]:
    """The bytes that a request gives to read, and the tokens it may have written at most."""
    if request.prompt_ids is not None:
        read = len(request.prompt_ids)
    elif request.prompt is not None:
        read = len(request.prompt.encode())
    else:
        read = len(msgspec.json.encode(request.messages))
    read += len(request.suffix.encode())
    if request.tools:
        read += len(msgspec.json.encode(request.tools))
    most = MAX_CONTEXT_TOKENS if request.max_tokens is None else request.max_tokens
    return read, most * request.n
