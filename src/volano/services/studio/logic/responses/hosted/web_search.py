"""The tool `web_search`: asks the search engine of the setting `web_search_url`.

That engine speaks SearXNG's JSON form (`/search?q=…&format=json`). It is asked through the egress
rule: one in a private network has to be named in `egress_allow`.
Source: docs.searxng.org/dev/search_api.html.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import msgspec

from volano.kernel.egress import EgressFailed, EgressRefused, EgressRequest
from volano.kernel.errors import Unavailable
from volano.kernel.foreign_json import decode_foreign
from volano.kernel.inference import Tool
from volano.services.models.interface import invalid, unsupported
from volano.services.studio.logic.responses.hosted.tool import queries_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    from volano.kernel.call import Env
    from volano.services.studio.logic.responses.events import Assembly
    from volano.services.studio.logic.responses.hosted.tool import HostedCall
    from volano.services.studio.model.responses import Json

KIND = "web_search"
KINDS = frozenset(
    (KIND, "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
)
FIELDS = frozenset(("type", "search_context_size", "filters", "user_location"))
SOURCES = "web_search_call.action.sources"
RESULTS = "web_search_call.results"
RESULTS_BY_SIZE = {"low": 3, "medium": 6, "high": 12}
MAX_DOMAINS = 100
MAX_SNIPPET_CHARACTERS = 1000
TIMEOUT_S = 15.0
MAX_BYTES = 2 * 1024 * 1024
_TOOL = Tool(
    name=KIND,
    description="Search the web. Returns titles, addresses and excerpts of pages.",
    parameters={
        "type": "object",
        "properties": {"queries": {"type": "array", "items": {"type": "string"}, "maxItems": 5}},
        "required": ["queries"],
        "additionalProperties": False,
    },
)


class _Hit(msgspec.Struct):
    """One result of the engine; what else it says is not read."""

    url: str
    title: str = ""
    content: str | None = ""


class _Answer(msgspec.Struct):
    results: list[_Hit] = []


class WebSearch:
    """The web searches of one response."""

    kind = KIND
    tools = (_TOOL,)

    def __init__(self, env: Env, item: Json, where: str, *, include: Iterable[str]) -> None:
        """Raises Invalid by the place of what is wrong; refused where no engine is configured."""
        if not env.config.web_search_url:
            raise unsupported(
                f"{where}.type",
                "this cloud has no web search; its operator sets `web_search_url` to the address "
                "of a search engine that speaks SearXNG's form",
            )
        size = item.get("search_context_size") or "medium"
        if size not in RESULTS_BY_SIZE:
            raise invalid(f"{where}.search_context_size", "it is `low`, `medium` or `high`")
        if item.get("user_location") is not None:
            raise unsupported(f"{where}.user_location", "results are not made for a place")
        self._env = env
        self._limit = RESULTS_BY_SIZE[str(size)]
        self._domains = _domains(item.get("filters"), f"{where}.filters")
        self._include = frozenset(include)
        self._cited: dict[str, Json] = {}

    def begin(self, assembly: Assembly) -> Iterator[Json]:
        """Nothing happens before the first search."""
        del assembly
        return iter(())

    async def run(self, assembly: Assembly, asked: HostedCall) -> AsyncGenerator[Json, None]:
        """Ask the engine; one that does not answer is told to the model, not to the client."""
        queries = queries_of(asked.arguments)
        index = len(assembly.output)
        action: Json = {"type": "search", "query": queries[0], "queries": queries}
        item: Json = {
            "id": f"ws_{self._env.ids.hex(32)}",
            "type": "web_search_call",
            "status": "in_progress",
            "action": action,
        }
        place = {"output_index": index, "item_id": item["id"]}
        yield assembly.event("response.output_item.added", output_index=index, item=dict(item))
        yield assembly.event("response.web_search_call.in_progress", **place)
        yield assembly.event("response.web_search_call.searching", **place)
        try:
            found = await self._find(queries)
            item["status"] = "completed"
            asked.output = json.dumps([_result(hit) for hit in found], ensure_ascii=False)
        except Unavailable as error:
            found = []
            item["status"] = "failed"
            asked.output = f"The search failed: {error.message}"
        if SOURCES in self._include:
            action["sources"] = [{"type": "url", "url": hit.url} for hit in found]
        if RESULTS in self._include:
            item["results"] = [_result(hit) for hit in found]
        for hit in found:
            note: Json = {"type": "url_citation", "url": hit.url, "title": hit.title}
            self._cited.setdefault(hit.url, note)
        yield assembly.event("response.web_search_call.completed", **place)
        for event in assembly.done(item, index):
            yield event

    def notes(self) -> Iterable[Json]:
        """The pages that were found."""
        return self._cited.values()

    async def _find(self, queries: list[str]) -> list[_Hit]:
        found: dict[str, _Hit] = {}
        for query in queries:
            for hit in await self._ask(query):
                if self._is_wanted(hit.url):
                    found.setdefault(hit.url, hit)
        return list(found.values())[: self._limit]

    async def _ask(self, query: str) -> list[_Hit]:
        words = urlencode({"q": query, "format": "json"})
        url = f"{self._env.config.web_search_url.rstrip('/')}/search?{words}"
        try:
            reply = await self._env.egress.fetch(
                EgressRequest(method="GET", url=url, timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES)
            )
            if reply.status != 200:
                raise Unavailable(f"the search engine answered {reply.status}.")
            return decode_foreign(reply.body, _Answer).results
        except (EgressFailed, EgressRefused) as error:
            raise Unavailable(f"the search engine cannot be asked: {error.message}") from error
        except msgspec.DecodeError as error:
            raise Unavailable("the search engine did not answer in SearXNG's form.") from error

    def _is_wanted(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return False
        host = f".{parts.hostname}"
        return not self._domains or any(host.endswith(f".{domain}") for domain in self._domains)


def _domains(filters: object, where: str) -> tuple[str, ...]:
    """The domains to which results are limited; none means all."""
    if filters is None:
        return ()
    if not isinstance(filters, dict) or set(filters) - {"allowed_domains"}:
        raise unsupported(where, "a filter has `allowed_domains`")
    given = filters.get("allowed_domains") or []
    if not isinstance(given, list) or len(given) > MAX_DOMAINS:
        raise invalid(f"{where}.allowed_domains", f"at most {MAX_DOMAINS} names")
    return tuple(str(domain).lower().lstrip(".") for domain in given)


def _result(hit: _Hit) -> Json:
    text = (hit.content or "")[:MAX_SNIPPET_CHARACTERS]
    return {"url": hit.url, "title": hit.title, "text": text}
