"""All kernels of this process, compiled when first used and once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from volano.ml.cpu.adapters import adapter_functions
from volano.ml.cpu.attention import attention_functions
from volano.ml.cpu.experts import expert_functions
from volano.ml.cpu.heads import heads_function
from volano.ml.cpu.machine import compile_functions, native_target
from volano.ml.cpu.matmul import linear_functions
from volano.ml.cpu.pack import pack_functions
from volano.ml.cpu.program import Pool
from volano.ml.cpu.rows import row_functions

if TYPE_CHECKING:
    from volano.ml.cpu.machine import Code, Target

Format = Literal["bf16", "int8", "int4"]


class Kernels:
    """Addresses of kernels for one target."""

    def __init__(self, target: Target) -> None:
        self.target = target
        functions = [*row_functions(), *attention_functions(target), heads_function()]
        functions += [*expert_functions(), *adapter_functions()]
        self._code = compile_functions(functions, target)
        self._linear: dict[str, Code] = {}

    def address(self, name: str) -> int:
        """Where a kernel is."""
        return self._code.address(name)

    def product(self, kind: Literal["linear", "experts"], form: Format) -> int:
        """Where the product with weights of this format is."""
        if form not in self._linear:
            self._linear[form] = compile_functions(linear_functions(self.target, form), self.target)
        return self._linear[form].address(f"{kind}_{form}")


@cache
def kernels(target: Target | None = None) -> Kernels:
    """The kernels for this processor, or for a lesser one that tests name."""
    return Kernels(target or native_target())


@cache
def packers() -> Code:
    """The kernels of `pack`."""
    return compile_functions(pack_functions(), native_target())


@cache
def pool() -> Pool:
    """The threads that every model of this process shares."""
    return Pool()
