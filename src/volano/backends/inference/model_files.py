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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Invalid, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

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
WANTED = re.compile(
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


def require_model(name: str, files: list[str]) -> None:
    """Raises Invalid when the files are not a model that could be served."""
    weights = any(file.endswith(".safetensors") for file in files)
    lacking = [
        what
        for what, there in (
            ("config.json", "config.json" in files),
            ("tokenizer.json", "tokenizer.json" in files),
            ("safetensors weights", weights),
        )
        if not there
    ]
    if lacking:
        raise Invalid(f"{name} cannot be served: it has no {', no '.join(lacking)}.")
    if len(files) > FILES_MAX:
        raise Invalid(f"{name} has over {FILES_MAX} files.")


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
    if not source.is_dir():
        raise NotFound(f"There is no folder {source}.")
    if source.resolve() == target_dir.resolve():
        raise Invalid(f"{source} is where the model would be put.")
    # One level of folders: the pooling's. A home directory given by mistake is not searched.
    found = [*source.glob("*"), *source.glob("*_Pooling/*")]
    named = {path.relative_to(source).as_posix(): path for path in found if path.is_file()}
    wanted = {name: path for name, path in named.items() if WANTED.fullmatch(name)}
    require_model(str(source), list(wanted))
    require_space(partial.parent, sum(path.stat().st_size for path in wanted.values()))
    task = task_of(source)
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


def task_of(folder: Path) -> str:
    """`embed` for an encoder, else `generate`; raises Invalid for a family that is not served."""
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
    return "embed" if family == "bert" else "generate"


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
