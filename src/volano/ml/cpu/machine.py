"""What this processor says it can do, and turning IR text into code for it.

The intrinsics of `dots` have the types that llvmlite 0.50's LLVM gives them; an older one would end
the process, so pyproject.toml asks for that version.
"""

from __future__ import annotations

import ctypes
import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import llvmlite
import llvmlite.binding as llvm

from volano.ml.cpu.code_files import find_code, keep_code
from volano.ml.cpu.ir import module_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from volano.ml.cpu.ir import Function

# Counted up when `_compile` changes: code of the same text is then another.
_CODE_VERSION = 1
_OPTIMISATION, _SPEED_LEVEL = 3, 2


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
    """Machine code of the functions, compiled or kept from an earlier time.

    Raises RuntimeError when LLVM refuses the text.
    """
    _start_llvm()
    text = module_text(functions)
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=_OPTIMISATION, jit=True
    )
    name = _code_name(text, triple, target)
    code = find_code(name)
    if code is None:
        code = _compile(text, triple, machine)
        keep_code(name, code)
    engine = llvm.create_mcjit_compiler(_parse("", triple, machine), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Code(engine)


def _code_name(text: str, triple: str, target: Target) -> str:
    """A digest of all that code depends on; one part cannot run into the next."""
    version = f"{llvmlite.__version__} {llvm.llvm_version_info}"
    parts = (str(_CODE_VERSION), version, triple, target.cpu, target.features, text)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _compile(text: str, triple: str, machine: llvm.TargetMachine) -> bytes:
    module = _parse(text, triple, machine)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=_SPEED_LEVEL)
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def _parse(text: str, triple: str, machine: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(text)
    module.triple = triple
    module.data_layout = str(machine.target_data)
    return module
