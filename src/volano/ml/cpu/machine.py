"""What this processor says it can do, and turning IR text into code for it.

The intrinsics of `dots` have the types that llvmlite 0.50's LLVM gives them; an older one would end
the process, so pyproject.toml asks for that version.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import llvmlite.binding as llvm

from volano.ml.cpu.ir import module_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.ml.cpu.ir import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The instructions that kernels are written for.

    `bf16_dot` multiplies pairs of bfloat16 (vdpbf16ps), `int8_dot` quads of bytes (vpdpbusd);
    without them plain arithmetic does the same. `tile` is how many tokens share a pass over
    weights: as many as the registers hold sums for.
    """

    cpu: str
    features: str
    bf16_dot: bool
    int8_dot: bool
    tile: int


class Code:
    """Compiled functions by name; it must outlive every call."""

    def __init__(self, engine: llvm.ExecutionEngine) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """Where a function is."""
        found = int(self._engine.get_function_address(name))
        assert found, f"no compiled function {name}"
        return found

    def function(self, name: str, *argument_types: type) -> Callable[..., None]:
        """A function without result, called with the interpreter's lock released."""
        return ctypes.CFUNCTYPE(None, *argument_types)(self.address(name))


@cache
def _start_llvm() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def native_target() -> Target:
    """This processor."""
    _start_llvm()
    found = llvm.get_host_cpu_features()
    wide = bool(found.get("avx512f") and found.get("avx512bw") and found.get("avx512vl"))
    return Target(
        cpu=llvm.get_host_cpu_name(),
        features=found.flatten(),
        bf16_dot=wide and bool(found.get("avx512bf16")),
        int8_dot=wide and bool(found.get("avx512vnni")),
        tile=12 if wide else 3,
    )


@cache
def portable_target() -> Target:
    """Any processor of this architecture, as tests of the fallback force it."""
    _start_llvm()
    return Target(cpu="", features="", bf16_dot=False, int8_dot=False, tile=3)


def compile_functions(functions: Sequence[Function], target: Target) -> Code:
    """Machine code of the functions; raises RuntimeError when LLVM refuses the text."""
    _start_llvm()
    module = llvm.parse_assembly(module_text(functions))
    module.verify()
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=3, jit=True
    )
    module.triple = triple
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return Code(engine)
