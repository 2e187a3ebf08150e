"""Packing a model's weights into fewer bits, by `volano.ml` in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from volano.backends.inference.extras import has_extra, install_extra
from volano.kernel.errors import Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EXTRA = "ml"
FORMS = ("bf16", "int8", "int4")
INSTALLED = 0.3
"""How much of the work installing the extra counts for."""


async def quantise_files(
    data_dir: Path,
    folder: Path,
    form: str,
    progress: Callable[[float, str], Awaitable[None]],
) -> int:
    """Pack the weights in `folder` and drop those of other forms; the packed bytes.

    Raises Invalid for a form that is none, Conflict when the files cannot be packed.
    """
    if form not in FORMS:
        raise Invalid(f"Weights are kept as {', '.join(FORMS)}.", fields={"param": "form"})
    extra_dir = data_dir / "extras" / EXTRA
    if not await asyncio.to_thread(has_extra, EXTRA, extra_dir):

        async def show(fraction: float, text: str) -> None:
            await progress(fraction * INSTALLED, text)

        await install_extra(EXTRA, extra_dir, show)
    await progress(INSTALLED, f"Packing the weights as {form}.")
    source = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "volano.ml",
        "quantise",
        str(folder),
        "--form",
        form,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(map(str, (source, extra_dir))),
        },
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it ended without a word"]
        raise Conflict(f"The weights could not be packed: {lines[-1]}", code="model_unusable")
    return await asyncio.to_thread(_keep_only, folder, form)


def _keep_only(folder: Path, form: str) -> int:
    kept = folder / f"volano-{form}.packed"
    for path in folder.glob("volano-*.packed"):
        if path != kept:
            path.unlink(missing_ok=True)
    return kept.stat().st_size
