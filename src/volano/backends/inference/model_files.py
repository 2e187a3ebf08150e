"""Which files of a model's repository are taken, what they must be, and how they get in place.

Only what serving needs: configuration, tokenizer, safetensors, model card and licence. Pickled
weights are never taken, since loading one runs its author's code.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILES_MAX = 500
PULLED_FILE = "volano.json"
# What ml/models can run, by config.json's model_type; a test compares it with the files there.
SERVED_FAMILIES = (
    "bert",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "qwen3_moe",
)
# The same by GGUF's `general.architecture`.
GGUF_FAMILIES = ("gemma", "gemma2", "gemma3", "llama", "qwen2", "qwen3", "qwen3moe")
# Which of several GGUF files is taken: the smallest whose answers are those of the whole weights.
GGUF_ORDER = (
    "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_0", "BF16", "F16",
)  # fmt: skip
_GGUF = re.compile(r"(?!mmproj)[\w.-]+\.gguf")
_BESIDE_GGUF = re.compile(r"tokenizer\.json|README\.md|LICEN[CS]E[\w.-]*|NOTICE[\w.-]*")
_GGUF_START = struct.Struct("<4sIQQQ")
_WANTED = re.compile(
    r"(?!consolidated)[\w.-]+\.safetensors|[\w.-]+\.safetensors\.index\.json"
    r"|(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab"
    r"|modules|sentence_bert_config|config_sentence_transformers)\.json"
    r"|tokenizer\.model|merges\.txt|vocab\.txt|chat_template\.(jinja|json)"
    r"|README\.md|LICEN[CS]E[\w.-]*|NOTICE[\w.-]*|\d+_Pooling/config\.json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledModel:
    """What was pulled. `licence` is the model card's word for it, None when it names none.

    `task` is `generate` or `embed`, as the files say.
    """

    name: str
    folder: Path
    revision: str
    licence: str | None
    licence_link: str | None
    task: str
    size_bytes: int


def wanted_files(name: str, offered: Iterable[str]) -> set[str]:
    """Which of the files there are to take; raises Invalid when no model of them can be served.

    Without safetensors that is one GGUF file, which says by itself what else needs files.
    """
    known = list(offered)
    files = {file for file in known if _WANTED.fullmatch(file)}
    weights = any(file.endswith(".safetensors") for file in files)
    packed = [file for file in known if _GGUF.fullmatch(file)]
    if packed and not weights:
        return {file for file in files if _BESIDE_GGUF.fullmatch(file)} | {_one_gguf(name, packed)}
    lacking = [
        what
        for what, there in (
            ("config.json", "config.json" in files),
            ("tokenizer.json", "tokenizer.json" in files),
            ("safetensors weights (and no GGUF file)", weights),
        )
        if not there
    ]
    if lacking:
        raise Invalid(f"{name} cannot be served: it has no {', no '.join(lacking)}.")
    if len(files) > FILES_MAX:
        raise Invalid(f"{name} has over {FILES_MAX} files.")
    return files


def _one_gguf(name: str, files: list[str]) -> str:
    """The best of several packings of a model; raises Invalid."""
    whole = [file for file in files if not re.search(r"-\d{5}-of-\d{5}\.gguf$", file)]
    if not whole:
        raise Invalid(f"{name} cannot be served: its GGUF file is in several parts.")
    if len(whole) == 1:
        return whole[0]
    for packing in GGUF_ORDER:
        for file in whole:
            if file.upper().endswith((f"-{packing}.GGUF", f".{packing}.GGUF")):
                return file
    raise Invalid(
        f"{name} has several GGUF files: {', '.join(sorted(whole)[:8])}. Have one in a folder or "
        "bucket, and pull it from there."
    )


def require_space(folder: Path, needed_bytes: int) -> None:
    """Make the folder; raises Unavailable when its disk has less than this free."""
    folder.mkdir(parents=True, exist_ok=True)
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise Unavailable(
            f"The model needs {needed_bytes / 1e9:.1f} GB on disk; {free_bytes / 1e9:.1f} GB are "
            "free."
        )


def copy_folder(name: str, partial: Path, target_dir: Path) -> PulledModel:
    """Copy a local model folder to `partial`; blocks. Raises NotFound or Invalid."""
    source = Path(name).expanduser()
    one = source.name if source.suffix == ".gguf" and source.is_file() else ""
    source = source.parent if one else source
    if not source.is_dir():
        raise NotFound(f"There is no folder {source}.")
    if source.resolve() == target_dir.resolve():
        raise Invalid(f"{source} is where the model would be put.")
    # One level of folders: the pooling's. A home directory given by mistake is not searched.
    found = [*source.glob("*"), *source.glob("*_Pooling/*")]
    named = {path.relative_to(source).as_posix(): path for path in found if path.is_file()}
    wanted = {name: named[name] for name in wanted_files(str(source), [one] if one else named)}
    require_space(partial.parent, sum(path.stat().st_size for path in wanted.values()))
    task = _task_of_files(source, wanted)
    shutil.rmtree(partial, ignore_errors=True)
    for relative, path in wanted.items():
        (partial / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, partial / relative)
    return PulledModel(
        name=source.resolve().name,
        folder=target_dir,
        revision="local",
        licence=licence_of(partial),
        licence_link=None,
        task=task,
        size_bytes=size_of(partial),
    )


def licence_of(folder: Path) -> str | None:
    """The licence in the front matter of the model card; None without one."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    matter = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    found = re.search(r"^license:\s*['\"]?([\w.-]+)", matter[1], re.MULTILINE) if matter else None
    return found[1] if found else None


def _task_of_files(source: Path, wanted: dict[str, Path]) -> str:
    """As `task_of`, of those files alone: what lies beside a GGUF file says nothing of it."""
    packed = [path for path in wanted.values() if path.suffix == ".gguf"]
    for path in packed:
        _require_gguf_family(path)
    return "generate" if packed else task_of(source)


def has_model(folder: Path) -> bool:
    """Whether the folder holds what a model is known by."""
    return (folder / "config.json").is_file() or any(folder.glob("*.gguf"))


def task_of(folder: Path) -> str:
    """`embed` for an encoder and for what sentence-transformers made, else `generate`.

    Raises Invalid for a family that is not served, and for one that sorts texts into classes.
    """
    if not (folder / "config.json").is_file():
        for path in folder.glob("*.gguf"):
            _require_gguf_family(path)
        return "generate"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid(f"The model's config.json is not JSON: {error}.") from error
    family = config.get("model_type") if isinstance(config, dict) else None
    if family not in SERVED_FAMILIES:
        raise Invalid(
            f"Models of type {family!r} cannot be served; supported: {', '.join(SERVED_FAMILIES)}.",
            code="unsupported_model",
        )
    if "ForSequenceClassification" in str(config.get("architectures")):
        raise Invalid(
            "This model scores or sorts texts, which is not served; to rank, use one of embeddings "
            "or one that writes, such as Qwen3-Reranker.",
            code="unsupported_model",
        )
    is_embedding = family == "bert" or (folder / "modules.json").is_file()
    return "embed" if is_embedding else "generate"


def _require_gguf_family(path: Path) -> None:
    """Raises Invalid unless the file names a served family, which every writer puts first."""
    with path.open("rb") as file:
        start = file.read(256)
    if len(start) < 256 or not start.startswith(b"GGUF"):
        raise Invalid(f"{path.name} is not a GGUF file.")
    *_, key_bytes = _GGUF_START.unpack_from(start)
    place = _GGUF_START.size
    if start[place : place + key_bytes] != b"general.architecture":
        return  # the engine looks for it further on
    place += key_bytes + 4
    (size,) = struct.unpack_from("<Q", start, place)
    family = start[place + 8 : place + 8 + size].decode(errors="replace")
    if family not in GGUF_FAMILIES:
        raise Invalid(
            f"GGUF models of family {family!r} cannot be served; supported: "
            f"{', '.join(GGUF_FAMILIES)}.",
            code="unsupported_model",
        )


def size_of(folder: Path) -> int:
    """Bytes of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def put_in_place(pulled: PulledModel, partial: Path, target_dir: Path) -> None:
    """Note what was pulled beside the files and swap the folder in."""
    note = {"name": pulled.name, "revision": pulled.revision, "licence": pulled.licence}
    (partial / PULLED_FILE).write_text(json.dumps(note, indent=2) + "\n")
    shutil.rmtree(target_dir, ignore_errors=True)
    partial.rename(target_dir)


@contextlib.contextmanager
def only_one(target_dir: Path) -> Iterator[None]:
    """Hold the target for one pull, in whatever process; raises Conflict when another has it.

    The system lets go of the lock when its holder dies.
    """
    target_dir.parent.mkdir(parents=True, exist_ok=True)
    path = target_dir.with_name(f".{target_dir.name}.lock")
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except OSError as error:
            raise Conflict(f"{target_dir.name} is being pulled already.") from error
        if not held:
            # A lock on a file that its last holder has removed meanwhile locks nobody out.
            raise Conflict(f"{target_dir.name} was just pulled. Try again.")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
