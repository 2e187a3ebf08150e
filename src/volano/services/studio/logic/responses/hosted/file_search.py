"""The tool `file_search`: passages of vector stores, cited by file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from volano.kernel.inference import Tool
from volano.services.models.interface import invalid
from volano.services.studio.logic.conditions import parse_condition
from volano.services.studio.logic.responses.hosted.tool import queries_of
from volano.services.studio.logic.searching import search_store
from volano.services.studio.model.search import DEFAULT_RESULTS, MAX_RESULTS, Search

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    from volano.kernel.call import Call, Env
    from volano.services.studio.logic.responses.events import Assembly
    from volano.services.studio.logic.responses.hosted.tool import HostedCall
    from volano.services.studio.model.responses import Json
    from volano.services.studio.model.search import Found

KIND = "file_search"
MAX_SEARCHED_STORES = 8
FIELDS = frozenset(("type", "vector_store_ids", "max_num_results", "ranking_options", "filters"))
RESULTS = "file_search_call.results"
_TOOL = Tool(
    name=KIND,
    description="Search the user's files. Returns passages that may answer, with file names.",
    parameters={
        "type": "object",
        "properties": {"queries": {"type": "array", "items": {"type": "string"}, "maxItems": 5}},
        "required": ["queries"],
        "additionalProperties": False,
    },
)


class FileSearch:
    """A search of one response in the stores that its request names."""

    kind = KIND
    tools = (_TOOL,)

    def __init__(self, env: Env, call: Call, item: Json, where: str, *, with_results: bool) -> None:
        """Raises Invalid by the place of what is wrong."""
        stores = item.get("vector_store_ids")
        named = isinstance(stores, list) and all(isinstance(id, str) for id in stores)
        if not named or not isinstance(stores, list) or not 1 <= len(stores) <= MAX_SEARCHED_STORES:
            raise invalid(f"{where}.vector_store_ids", f"1 to {MAX_SEARCHED_STORES} vector stores")
        limit = item.get("max_num_results")
        if limit is not None and (not isinstance(limit, int) or not 1 <= limit <= MAX_RESULTS):
            raise invalid(f"{where}.max_num_results", f"it is 1 to {MAX_RESULTS}")
        ranking = item.get("ranking_options")
        filters = item.get("filters")
        options = ranking if isinstance(ranking, dict) else {}
        self._env = env
        self._call = call
        self._stores = [str(store) for store in stores]
        self._limit = limit if isinstance(limit, int) else DEFAULT_RESULTS
        self._threshold = float(options.get("score_threshold") or 0.0)
        self._condition = parse_condition(filters if isinstance(filters, dict) else None)
        self._with_results = with_results
        self._cited: dict[str, Json] = {}

    def begin(self, assembly: Assembly) -> Iterator[Json]:
        """Nothing happens before the first search."""
        del assembly
        return iter(())

    async def run(self, assembly: Assembly, asked: HostedCall) -> AsyncGenerator[Json, None]:
        """Search for the queries that the model asked."""
        queries = queries_of(asked.arguments)
        index = len(assembly.output)
        item: Json = {
            "id": f"fs_{self._env.ids.hex(32)}",
            "type": "file_search_call",
            "status": "in_progress",
            "queries": queries,
            "results": None,
        }
        place = {"output_index": index, "item_id": item["id"]}
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        yield assembly.event("response.file_search_call.in_progress", **place)
        yield assembly.event("response.file_search_call.searching", **place)
        found = [_result(hit) for hit in await self._find(queries)]
        item["status"] = "completed"
        if self._with_results:
            item["results"] = found
        yield assembly.event("response.file_search_call.completed", **place)
        for event in assembly.done(item, index):
            yield event
        for hit in found:
            note = {"file_id": hit["file_id"], "filename": hit["filename"]}
            self._cited.setdefault(str(hit["file_id"]), {"type": "file_citation", **note})
        asked.output = json.dumps(found, ensure_ascii=False)

    def notes(self) -> Iterable[Json]:
        """The files in which something was found."""
        return self._cited.values()

    async def _find(self, queries: list[str]) -> list[Found]:
        wanted = Search(
            queries=tuple(queries),
            limit=self._limit,
            condition=self._condition,
            score_threshold=self._threshold,
        )
        found: list[Found] = []
        for store in self._stores:
            arn = f"arn:aws:studio:{self._call.region}:{self._call.account}:vector-store/{store}"
            await self._env.authority.authorize(self._call, "studio:SearchVectorStore", arn, {})
            found += await search_store(self._env, self._call, store, wanted)
        return sorted(found, key=lambda hit: -hit.score)[: wanted.limit]


def _result(hit: Found) -> Json:
    return {
        "file_id": hit.file_id,
        "filename": hit.filename,
        "score": hit.score,
        "text": hit.text,
        "attributes": dict(hit.attributes),
    }
