"""The card: one GPU and its streams, or the processor playing one (Triton's interpreter, slow).

Everything that computes runs on one stream of one thread, so what it is told is done in order: a
cache block may be given to another sequence while the step that last wrote it is still under way.
Weights travel on a second stream meanwhile.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from volano.ml.errors import BadRequest, OutOfMemory
from volano.ml.gpu.plan import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from volano.ml.gpu.choice import GpuKind
    from volano.ml.layers.arrays import Bytes

# What a card of compute capability 8 does and older ones do not: bfloat16 products.
CAPABILITY_MIN = 8
# The processor playing a card has as many processors as keep its loops short.
INTERPRETED_PROCESSORS = 2


class Card:
    """Where tensors live. `is_cuda` is False for the interpreter."""

    def __init__(self, kind: GpuKind) -> None:
        """Raises BadRequest where there is no such card."""
        self.is_cuda = kind == "cuda"
        if not self.is_cuda:
            # Triton looks when kernels are defined, which is after this.
            os.environ["TRITON_INTERPRET"] = "1"
        # Imported here: a machine without torch serves on its processor.
        import torch  # noqa: PLC0415

        self._torch = torch
        self.device = torch.device("cuda" if self.is_cuda else "cpu")
        self.name, self.processors = "interpreter", INTERPRETED_PROCESSORS
        if self.is_cuda:
            if not torch.cuda.is_available():
                raise BadRequest("There is no NVIDIA card that this PyTorch can use.")
            about = torch.cuda.get_device_properties(self.device)
            if about.major < CAPABILITY_MIN:
                raise BadRequest(f"{about.name} is too old: bfloat16 needs capability 8.0.")
            self.name, self.processors = about.name, about.multi_processor_count
            self._compute = torch.cuda.Stream(self.device)
            self._moving = torch.cuda.Stream(self.device)

    def memory(self) -> Memory:
        """Bytes free and in all; what PyTorch holds unused counts as free."""
        torch = self._torch
        if not self.is_cuda:
            return Memory(free=2**40, total=2**40)
        free, total = torch.cuda.mem_get_info(self.device)
        idle = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return Memory(free=free + idle, total=total)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Run what is inside on the compute stream; its lack of memory becomes OutOfMemory."""
        with self._on("_compute"):
            yield

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Run what is inside on the stream of weights, and wait for it at the end."""
        with self._on("_moving"):
            yield
            if self.is_cuda:
                self._moving.synchronize()

    def send(self, values: NDArray[np.generic]) -> torch.Tensor:
        """A copy on the card, made when the compute stream comes to it; `values` may change."""
        held = self._torch.from_numpy(values)
        if not self.is_cuda:
            return held.clone()
        # Pinned memory that was let go is used again only once its copy is done.
        return held.pin_memory().to(self.device, non_blocking=True)

    def fetch(self, values: torch.Tensor) -> tuple[torch.Tensor, Callable[[], None]]:
        """A copy on the host, and what waits until it is there."""
        if not self.is_cuda:
            return values.clone(), lambda: None
        torch = self._torch
        copy = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        copy.copy_(values, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()
        return copy, arrived.synchronize

    def settle(self) -> None:
        """Wait until nothing computes: what it used may then be given back."""
        if self.is_cuda:
            self._compute.synchronize()

    def pin(self, memory: Bytes) -> None:
        """Have the card reach this host memory directly; it must not be freed before `unpin`."""
        if self.is_cuda and memory.nbytes:
            status = self._torch.cuda.cudart().cudaHostRegister(
                memory.ctypes.data, memory.nbytes, 0
            )
            if int(status):
                raise OutOfMemory(f"{memory.nbytes / 1e9:.1f} GB of memory could not be pinned.")

    def unpin(self, memory: Bytes) -> None:
        """Let go of pinned memory, once nothing is on its way from or to it."""
        if self.is_cuda and memory.nbytes:
            self._torch.cuda.cudart().cudaHostUnregister(memory.ctypes.data)

    @contextmanager
    def _on(self, stream: str) -> Iterator[None]:
        torch = self._torch
        with ExitStack() as inside:
            inside.enter_context(torch.inference_mode())
            if self.is_cuda:
                inside.enter_context(torch.cuda.stream(getattr(self, stream)))
            try:
                yield
            except torch.OutOfMemoryError as error:
                raise OutOfMemory(
                    "The card is out of memory. Ask for less at a time, unload a model, or spread "
                    "the work over machines: one model runs on one card here."
                ) from error


@cache
def card(kind: GpuKind) -> Card:
    """The one card of this process; the first that CUDA_VISIBLE_DEVICES leaves."""
    return Card(kind)
