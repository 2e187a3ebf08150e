"""Pulling models from a small real hub: an HTTP server on this machine that can misbehave."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from volano.backends.inference.hub import pull_model
from volano.backends.inference.model_files import GGUF_FAMILIES, SERVED_FAMILIES, only_one
from volano.kernel.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from volano.ml.engine.embedder import Embedder
from volano.ml.engine.generator import Generator
from volano.ml.models import bert
from volano.ml.models.families import DECODER_FAMILIES
from volano.ml.models.gguf_import import FAMILIES as GGUF_READ
from volano.ml.models.tiny import make_tiny_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "volano/tiny"


class Hub:
    """The files of one model and how the hub misbehaves."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.declared = dict(files)  # what the listing says
        self.cut_after: int | None = None
        self.cuts_left = 0
        self.ranges: list[str | None] = []
        self.token: str | None = None
        self.ignore_range = False
        self.status: int | None = None  # of every file
        self.extra: list[dict[str, object]] = []
        self.url = ""

    def listing(self) -> bytes:
        siblings = []
        for name, content in self.declared.items():
            entry: dict[str, object] = {"rfilename": name, "size": len(content)}
            git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry["blobId"] = git
            if name.endswith(".safetensors"):
                entry["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 133,
                }
            siblings.append(entry)
        card = {"license": "other", "license_name": "tiny-licence", "license_link": "LICENSE"}
        body = {"id": NAME, "sha": "a" * 40, "siblings": siblings + self.extra, "cardData": card}
        return json.dumps(body).encode()


def handler_for(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if hub.token is not None and self.headers["Authorization"] != f"Bearer {hub.token}":
                self.send_error(401)
            elif self.path == f"/api/models/{NAME}?blobs=true":
                self.answer(200, hub.listing())
            else:
                prefix = f"/{NAME}/resolve/{'a' * 40}/"
                content = hub.files.get(self.path.removeprefix(prefix))
                if content is None or not self.path.startswith(prefix):
                    self.send_error(404)
                else:
                    self.send_file(content)

        def send_file(self, content: bytes) -> None:
            wanted = self.headers["Range"]
            hub.ranges.append(wanted)
            if hub.status is not None:
                self.send_error(hub.status)
                return
            start = 0
            if wanted and not hub.ignore_range:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            body = content[start:]
            if hub.cuts_left and len(content) > 100_000:
                hub.cuts_left -= 1
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: hub.cut_after])
                self.close_connection = True
                return
            self.answer(206 if start else 200, body)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("hub") / "tiny"
    make_tiny_model(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def hub(model_files: dict[str, bytes]) -> Iterator[Hub]:
    hub = Hub(dict(model_files))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


class InstantClock:
    """Waits not at all, so that retries follow at once."""

    def now_us(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.001)


async def pull(hub: Hub, target: Path, name: str = NAME, token: str | None = None):
    seen: list[tuple[float, str]] = []

    async def progress(fraction: float, text: str) -> None:
        seen.append((fraction, text))

    pulled = await pull_model(
        name, target, mirror=hub.url + "/", token=token, progress=progress, clock=InstantClock()
    )
    return pulled, seen


async def test_a_pulled_model_has_its_licence_and_can_be_served(hub: Hub, tmp_path: Path):
    pulled, seen = await pull(hub, tmp_path / "m")
    assert (pulled.licence, pulled.licence_link) == ("tiny-licence", "LICENSE")
    assert (pulled.task, pulled.revision) == ("generate", "a" * 40)
    assert Generator(pulled.folder, kv_bytes=2**22).tokenizer.vocab_size == 512
    assert seen[0][0] == 0.0
    assert seen[-1][0] == 1.0
    assert not (tmp_path / "m.partial").exists()
    assert json.loads((tmp_path / "m" / "volano.json").read_text())["name"] == NAME


async def test_an_interrupted_download_goes_on_where_it_broke_off(hub: Hub, tmp_path: Path):
    hub.cut_after, hub.cuts_left = 700_000, 2
    pulled, _ = await pull(hub, tmp_path / "m")
    assert [wanted for wanted in hub.ranges if wanted] == ["bytes=700000-", "bytes=1400000-"]
    assert (pulled.folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


async def test_a_pull_that_gave_up_continues_when_repeated(hub: Hub, tmp_path: Path):
    hub.cut_after, hub.cuts_left = 100_000, 6
    with pytest.raises(Unavailable, match="What came is kept"):
        await pull(hub, tmp_path / "m")
    assert not (tmp_path / "m").exists()
    hub.ranges.clear()
    await pull(hub, tmp_path / "m")
    # Those before it were whole and are not fetched again; two come after it.
    assert hub.ranges == ["bytes=600000-", None, None]


async def test_a_server_without_ranges_sends_it_all_again(hub: Hub, tmp_path: Path):
    hub.cut_after, hub.cuts_left, hub.ignore_range = 700_000, 1, True
    real = hub.files["model.safetensors"]
    pulled, _ = await pull(hub, tmp_path / "m")
    assert (pulled.folder / "model.safetensors").read_bytes() == real


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
async def test_a_wrong_checksum_installs_nothing(hub: Hub, tmp_path: Path, name: str):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "old").write_text("kept")
    content = hub.files[name]
    hub.files[name] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(Unavailable, match=f"{name} does not have the checksum") as caught:
        await pull(hub, tmp_path / "m")
    assert caught.value.wire_code == "checksum_mismatch"
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["old"]
    assert not list(tmp_path.glob(f"m.partial/{name}*"))
    hub.files[name] = content
    await pull(hub, tmp_path / "m")
    assert not (tmp_path / "m" / "old").exists()


async def test_a_file_longer_than_declared_is_refused(hub: Hub, tmp_path: Path):
    hub.files["model.safetensors"] += b"more"
    with pytest.raises(Unavailable, match="larger than the hub declared"):
        await pull(hub, tmp_path / "m")


async def test_pickles_other_folders_and_tricky_paths_are_never_taken(hub: Hub, tmp_path: Path):
    hub.extra = [
        {"rfilename": name, "size": 3}
        for name in (
            "pytorch_model.bin",
            "onnx/model.safetensors",
            "../../evil.json",
            "/etc/config.json",
            "model.gguf",
        )
    ]
    pulled, _ = await pull(hub, tmp_path / "m")
    taken = {path.name for path in pulled.folder.iterdir()}
    assert taken == set(hub.files) | {"volano.json"}


async def test_a_model_without_safetensors_is_refused_before_any_download(hub: Hub, tmp_path: Path):
    del hub.declared["model.safetensors"]
    with pytest.raises(Invalid, match="no safetensors weights"):
        await pull(hub, tmp_path / "m")
    assert hub.ranges == []


async def test_the_hubs_token_is_used_and_its_lack_is_named(hub: Hub, tmp_path: Path):
    hub.token = "hf_test"
    with pytest.raises(Denied, match="token"):
        await pull(hub, tmp_path / "m")
    await pull(hub, tmp_path / "m", token="hf_test")


@pytest.mark.parametrize(
    "name", ["a/b/c", "../x/y"[1:] + "/..", "a b", "", "a/..", "-x", "http://x"]
)
async def test_a_name_that_is_none_is_refused(hub: Hub, tmp_path: Path, name: str):
    with pytest.raises((Invalid, NotFound)):
        await pull(hub, tmp_path / "m", name=name)
    assert hub.ranges == []


async def test_an_unknown_model_is_not_found(hub: Hub, tmp_path: Path):
    with pytest.raises(NotFound, match="no model 'volano/other'"):
        await pull(hub, tmp_path / "m", name="volano/other")


async def test_a_hub_that_is_not_there_is_named(tmp_path: Path):
    hub = Hub({})
    hub.url = "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 could not be read"):
        await pull(hub, tmp_path / "m")


async def test_a_local_folder_is_copied_with_the_licence_of_its_card(hub: Hub, tmp_path: Path):
    source = tmp_path / "source"
    make_tiny_model(source)
    (source / "pytorch_model.bin").write_bytes(b"pickle")
    pulled, _ = await pull(hub, tmp_path / "m", name=str(source))
    assert (pulled.name, pulled.licence, pulled.task) == ("source", "apache-2.0", "generate")
    assert not (pulled.folder / "pytorch_model.bin").exists()
    assert Generator(pulled.folder, kv_bytes=2**22).template is not None
    with pytest.raises(NotFound, match="no folder"):
        await pull(hub, tmp_path / "n", name=str(tmp_path / "absent"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(Invalid, match=r"no config\.json"):
        await pull(hub, tmp_path / "n", name=str(tmp_path / "empty"))


async def test_a_family_that_is_not_served_is_refused_before_its_weights(hub: Hub, tmp_path: Path):
    config = json.loads(hub.files["config.json"]) | {"model_type": "mamba"}
    hub.files["config.json"] = hub.declared["config.json"] = json.dumps(config).encode()
    with pytest.raises(Invalid, match="'mamba' cannot be served; supported: bert, gemma, gemma2"):
        await pull(hub, tmp_path / "m")
    assert len(hub.ranges) == 1


async def test_a_decoder_that_sentence_transformers_made_is_one_of_embeddings(
    hub: Hub, tmp_path: Path
):
    assert (await pull(hub, tmp_path / "m"))[0].task == "generate"
    hub.files |= {
        "modules.json": b"[]",
        "1_Pooling/config.json": b'{"pooling_mode_lasttoken":true}',
    }
    hub.declared = hub.files
    pulled, _ = await pull(hub, tmp_path / "m")
    assert pulled.task == "embed"
    assert len(next(Embedder(pulled.folder).embed([[5, 6, 7]]))[1]) == 1


async def test_a_model_that_sorts_texts_is_refused_before_its_weights(hub: Hub, tmp_path: Path):
    config = {"model_type": "bert", "architectures": ["BertForSequenceClassification"]}
    hub.files["config.json"] = hub.declared["config.json"] = json.dumps(config).encode()
    with pytest.raises(Invalid, match="Qwen3-Reranker"):
        await pull(hub, tmp_path / "m")
    assert len(hub.ranges) == 1


def test_the_families_named_here_are_those_of_the_engine():
    assert set(SERVED_FAMILIES) == {bert.MODEL_TYPE, *DECODER_FAMILIES}
    assert set(GGUF_FAMILIES) == set(GGUF_READ)


def gguf_of(family: str) -> bytes:
    """The start of a GGUF file; no more of it is looked at here."""
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    for kind, text in ((b"", "general.architecture"), (struct.pack("<I", 8), family)):
        start += kind + struct.pack("<Q", len(text)) + text.encode()
    return start.ljust(512, b"\0")


async def test_of_several_gguf_files_the_most_exact_packing_is_taken(hub: Hub, tmp_path: Path):
    names = ("m-Q4_K_M.gguf", "m-Q8_0.gguf", "m.BF16.gguf", "mmproj-m-Q8_0.gguf")
    hub.files = {name: gguf_of("qwen3") for name in names} | {"README.md": b"A card.\n"}
    hub.declared = hub.files | {"config.json": b"{}"}
    pulled, _ = await pull(hub, tmp_path / "m")
    taken = {path.name for path in pulled.folder.iterdir()}
    assert taken == {"m-Q8_0.gguf", "README.md", "volano.json"}
    assert pulled.task == "generate"


@pytest.mark.parametrize(
    ("family", "names", "said"),
    [
        ("mamba", ("m.gguf",), "family 'mamba' cannot be served"),
        ("qwen3", ("a.gguf", "b.gguf"), "several GGUF files: a.gguf, b.gguf"),
        ("qwen3", ("m-00001-of-00002.gguf", "m-00002-of-00002.gguf"), "in several parts"),
    ],
)
async def test_gguf_files_that_cannot_be_served_are_refused(
    hub: Hub, tmp_path: Path, family: str, names: tuple[str, ...], said: str
):
    hub.files = hub.declared = {name: gguf_of(family) for name in names}
    with pytest.raises(Invalid, match=said):
        await pull(hub, tmp_path / "m")


async def test_one_gguf_file_is_copied_without_its_neighbours(tmp_path: Path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in ("a.gguf", "b.gguf", "tax.pdf"):
        (folder / name).write_bytes(gguf_of("llama"))

    async def told(fraction: float, text: str) -> None:
        pass

    pulled = await pull_model(str(folder / "b.gguf"), tmp_path / "m", progress=told)
    assert {path.name for path in pulled.folder.iterdir()} == {"b.gguf", "volano.json"}
    (folder / "c.gguf").write_bytes(gguf_of("mamba"))
    with pytest.raises(Invalid, match="'mamba'"):
        await pull_model(str(folder / "c.gguf"), tmp_path / "n", progress=told)


async def test_two_pulls_of_one_model_do_not_mix(hub: Hub, tmp_path: Path):
    with only_one(tmp_path / "m"), pytest.raises(Conflict, match="already"):
        await pull(hub, tmp_path / "m")
    await pull(hub, tmp_path / "m")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [(404, NotFound, 1), (403, Denied, 1), (418, Unavailable, 1), (503, Unavailable, 6)],
)
async def test_only_passing_troubles_are_tried_again(
    hub: Hub, tmp_path: Path, status: int, error: type[Exception], tries: int
):
    hub.status = status
    with pytest.raises(error):
        await pull(hub, tmp_path / "m")
    assert len(hub.ranges) == tries


async def test_an_old_part_that_is_longer_than_the_file_is_thrown_away(hub: Hub, tmp_path: Path):
    part = tmp_path / "m.partial" / "config.json.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 100_000)
    (part.parent / "left.json").write_text("by an earlier revision")
    pulled, _ = await pull(hub, tmp_path / "m")
    assert (pulled.folder / "config.json").read_bytes() == hub.files["config.json"]
    assert not (pulled.folder / "left.json").exists()


async def test_an_old_part_of_another_revision_is_noticed_and_fetched_anew(
    hub: Hub, tmp_path: Path
):
    part = tmp_path / "m.partial" / "model.safetensors.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    pulled, _ = await pull(hub, tmp_path / "m")
    assert "bytes=1000-" in hub.ranges
    assert (pulled.folder / "model.safetensors").read_bytes() == hub.files["model.safetensors"]


async def test_a_pull_that_is_cancelled_keeps_what_came(hub: Hub, tmp_path: Path):
    hub.cut_after, hub.cuts_left = 700_000, 10**6

    async def leave(fraction: float, text: str) -> None:
        if fraction > 0.2:
            task.cancel()

    task = asyncio.ensure_future(
        pull_model(NAME, tmp_path / "m", mirror=hub.url, progress=leave, clock=InstantClock())
    )
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "m.partial" / "config.json").is_file()
    hub.cuts_left = 0
    await pull(hub, tmp_path / "m")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"siblings": 3}'])
async def test_a_site_that_is_no_hub_is_named(hub: Hub, tmp_path: Path, body: bytes):
    hub.listing = lambda: body  # type: ignore[method-assign] # the hub misbehaves
    with pytest.raises(Unavailable, match="does not answer like a model hub"):
        await pull(hub, tmp_path / "m")


async def test_a_mirror_needs_http(tmp_path: Path):
    hub = Hub({})
    hub.url = "ftp://127.0.0.1"
    with pytest.raises(Invalid, match="https://"):
        await pull(hub, tmp_path / "m")
