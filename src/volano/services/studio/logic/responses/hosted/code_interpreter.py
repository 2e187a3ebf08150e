"""The tool `code_interpreter`: Python in a container on our own compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from volano.kernel.errors import VolanoError
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Tool
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic.containers.containers import create_container, use_container
from volano.services.studio.logic.containers.files import copy_file
from volano.services.studio.logic.containers.running import run_code
from volano.services.studio.model.containers import FOLDER, MAX_FILES, SIZES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

    from volano.kernel.call import Call, Env
    from volano.services.studio.logic.responses.events import Assembly
    from volano.services.studio.logic.responses.hosted.tool import HostedCall
    from volano.services.studio.model.containers import RunResult
    from volano.services.studio.model.responses import Json

KIND = "code_interpreter"
FIELDS = frozenset(("type", "container", "allowed_callers"))
AUTO_FIELDS = frozenset(("type", "file_ids", "memory_limit", "network_policy"))
OUTPUTS = "code_interpreter_call.outputs"
AUTO_NAME = "auto"
MAX_TOLD_CHARACTERS = 20_000
"""Of what code printed, in what the model reads."""
_TOOL = Tool(
    name=KIND,
    description=(
        "Run Python. Variables stay between calls. Files of the user lie in "
        f"{FOLDER}, where files are also to be written; there is no network. "
        "Answers with what the code printed and the value of its last expression."
    ),
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string"}},
        "required": ["code"],
        "additionalProperties": False,
    },
)


class CodeInterpreter:
    """The code of one response, all in one container."""

    kind = KIND
    tools = (_TOOL,)

    def __init__(self, env: Env, call: Call, item: Json, *, with_outputs: bool) -> None:
        self._env = env
        self._call = call
        self._item = item
        self._with_outputs = with_outputs
        self._container_id = ""
        self._cited: dict[str, Json] = {}

    def begin(self, assembly: Assembly) -> Iterator[Json]:
        """Nothing happens before the first code."""
        del assembly
        return iter(())

    async def run(self, assembly: Assembly, asked: HostedCall) -> AsyncGenerator[Json, None]:
        """Run the code that the model wrote; what goes wrong is told to the model."""
        code = _code_of(asked.arguments)
        index = len(assembly.output)
        container_id = await self._container()
        item: Json = {
            "id": f"ci_{self._env.ids.hex(48)}",
            "type": "code_interpreter_call",
            "status": "in_progress",
            "container_id": container_id,
            "code": "",
            "outputs": None,
        }
        place = {"output_index": index, "item_id": item["id"]}
        kind = "response.code_interpreter_call"
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        yield assembly.event(f"{kind}.in_progress", **place)
        yield assembly.event(f"{kind}_code.delta", **place, delta=code)
        yield assembly.event(f"{kind}_code.done", **place, code=code)
        item["code"] = code
        yield assembly.event(f"{kind}.interpreting", **place)
        try:
            result = await run_code(self._env, self._call, container_id, code)
            item["status"] = "completed"
            asked.output = _told(result)
            self._cite(container_id, result)
            if self._with_outputs:
                item["outputs"] = [{"type": "logs", "logs": result.logs}]
        except VolanoError as error:
            item["status"] = "failed"
            asked.output = f"The code could not be run: {error.message}"
        yield assembly.event(f"{kind}.completed", **place)
        for event in assembly.done(item, index):
            yield event

    def notes(self) -> Iterable[Json]:
        """The files that code made."""
        return self._cited.values()

    def _cite(self, container_id: str, result: RunResult) -> None:
        for file in result.files:
            self._cited[file.filename] = {
                "type": "container_file_citation",
                "container_id": container_id,
                "file_id": file.id,
                "filename": file.filename,
            }

    async def _container(self) -> str:
        """The container of the request, or one that is made at the first code."""
        if not self._container_id:
            given = self._item["container"]
            if isinstance(given, str):
                self._container_id = given
                return given
            assert isinstance(given, dict)
            made = await create_container(
                self._env,
                self._call,
                name=AUTO_NAME,
                size=given.get("memory_limit"),
                made_here=True,
            )
            for file_id in given.get("file_ids") or ():
                await copy_file(self._env, self._call, made, file_id)
            self._container_id = made.id
        return self._container_id


async def open_interpreter(
    env: Env, call: Call, item: Json, where: str, *, context: Sequence[Json], with_outputs: bool
) -> CodeInterpreter:
    """Check an entry of `tools`. `auto` goes on in the container that the chain used last.

    Raises Invalid by the place of what is wrong, and what `use_container` raises.
    """
    if item.get("allowed_callers") not in (None, ["direct"]):
        raise unsupported(f"{where}.allowed_callers", "tools are called directly")
    given = item.get("container")
    if isinstance(given, str):
        await _require_container(env, call, given)
    elif isinstance(given, dict):
        _require_auto(given, f"{where}.container")
        if not given.get("file_ids"):
            held = await _held(env, call, context)
            item = item | ({"container": held} if held else {})
        arn = f"arn:aws:studio:{call.region}:{call.account}:container/*"
        await env.authority.authorize(call, "studio:CreateContainer", arn, {})
    else:
        raise invalid(f"{where}.container", "it is the id of a container, or of type `auto`")
    return CodeInterpreter(env, call, item, with_outputs=with_outputs)


async def _require_container(env: Env, call: Call, id: str) -> None:
    arn = f"arn:aws:studio:{call.region}:{call.account}:container/{id}"
    await env.authority.authorize(call, "studio:RunCode", arn, {})
    await use_container(env, call, id)


def _require_auto(given: Json, where: str) -> None:
    if given.get("type") != "auto":
        raise invalid(f"{where}.type", "it is `auto`")
    for name in given:
        if name not in AUTO_FIELDS:
            raise invalid(f"{where}.{name[:64]}", "a container has no such field")
    files = given.get("file_ids")
    if files is not None and not (
        isinstance(files, list)
        and len(files) <= MAX_FILES
        and all(isinstance(id, str) for id in files)
    ):
        raise invalid(f"{where}.file_ids", f"at most {MAX_FILES} ids of files")
    if given.get("memory_limit") not in (None, *SIZES):
        raise unsupported(f"{where}.memory_limit", f"there are {', '.join(SIZES)}")
    policy = given.get("network_policy")
    if policy is not None and policy != {"type": "disabled"}:
        raise unsupported(f"{where}.network_policy", "containers have no way out to the network")


async def _held(env: Env, call: Call, context: Sequence[Json]) -> str:
    """The container of the latest code in the context, if it still runs."""
    for item in reversed(context):
        if item.get("type") == "code_interpreter_call":
            id = str(item.get("container_id"))
            try:
                await _require_container(env, call, id)
            except VolanoError:
                return ""
            return id
    return ""


def _code_of(arguments: str) -> str:
    """The code in a call's arguments; the arguments themselves where they are no JSON."""
    try:
        found = decode_foreign(arguments)
    except ValueError:
        return arguments
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) else arguments


def _told(result: RunResult) -> str:
    files = ", ".join(file.path for file in result.files)
    logs = result.logs[:MAX_TOLD_CHARACTERS] or "(nothing was printed)"
    return f"{logs}\n[files written: {files}]" if files else logs
