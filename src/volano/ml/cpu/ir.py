"""A small writer of LLVM IR text: values with operators, loops, branches and local variables.

Types are LLVM's own words (`i64`, `float`, `<16 x float>`, `ptr`). Local variables are stack slots
that LLVM turns into registers, so that kernels read like plain loops. Offsets are in bytes.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LANES = 16
F32 = "float"
VF32 = f"<{LANES} x float>"
VI32 = f"<{LANES} x i32>"
VI16 = f"<{LANES} x i16>"
VI8 = f"<{LANES} x i8>"

Operand: TypeAlias = "Value | int | float"


def _scalar(type_: str) -> str:
    return type_.split(" x ")[1][:-1] if type_.startswith("<") else type_


def _alignment(type_: str) -> str:
    # Arrays from NumPy start anywhere; on lines that are aligned such access costs nothing more.
    return ", align 1" if type_.startswith("<") else ""


def constant(type_: str, number: float) -> str:
    """The text of a constant, the same in every lane of a vector."""
    scalar = _scalar(type_)
    if scalar in ("float", "double"):
        rounded = struct.unpack("<f", struct.pack("<f", number))[0]
        text = f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"
    else:
        text = str(int(number))
    return text if scalar == type_ else f"splat ({scalar} {text})"


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One SSA value of a function being written."""

    function: Function
    type: str
    name: str

    def __add__(self, other: Operand) -> Value:
        return self._binary("add", "fadd", other)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("sub", "fsub", other)

    def __mul__(self, other: Operand) -> Value:
        return self._binary("mul", "fmul", other)

    def __truediv__(self, other: Operand) -> Value:
        return self._binary("sdiv", "fdiv", other)

    def __floordiv__(self, other: Operand) -> Value:
        return self._binary("sdiv", "", other)

    def __mod__(self, other: Operand) -> Value:
        return self._binary("srem", "", other)

    def __and__(self, other: Operand) -> Value:
        return self._binary("and", "", other)

    def __or__(self, other: Operand) -> Value:
        return self._binary("or", "", other)

    def __xor__(self, other: Operand) -> Value:
        return self._binary("xor", "", other)

    def __lshift__(self, other: Operand) -> Value:
        return self._binary("shl", "", other)

    def __rshift__(self, other: Operand) -> Value:
        return self._binary("lshr", "", other)

    def _binary(self, whole: str, real: str, other: Operand) -> Value:
        is_real = _scalar(self.type) in ("float", "double")
        return self.function.binary(real if is_real else whole, self, other)


class Variable:
    """A local variable; `value` reads it, `set` writes it."""

    def __init__(self, function: Function, type_: str, name: str) -> None:
        self._function, self._type, self._name = function, type_, name

    @property
    def value(self) -> Value:
        """What it holds now."""
        return self._function.load(Value(self._function, "ptr", self._name), self._type)

    def set(self, value: Operand) -> None:
        """Replace what it holds."""
        self._function.store(
            self._function.lift(self._type, value), Value(self._function, "ptr", self._name)
        )


class Function:
    """A function being written; `text` is its definition once the body is complete."""

    def __init__(
        self, name: str, parameters: Sequence[str], *, returns: str = "void", linkage: str = ""
    ) -> None:
        self.name = name
        self.arguments = [
            Value(self, type_, f"%a{index}") for index, type_ in enumerate(parameters)
        ]
        self._returns = returns
        self._linkage = linkage
        self._slots: list[str] = []
        self._lines: list[str] = []
        self._count = 0
        self.declared: set[str] = set()

    def text(self) -> str:
        """The whole definition."""
        arguments = ", ".join(f"{each.type} {each.name}" for each in self.arguments)
        head = f"define {self._linkage} {self._returns} @{self.name}({arguments}) #0 {{"
        body = ["entry:", *self._slots, "br label %body", "body:", *self._lines]
        if self._returns == "void":
            body.append("ret void")
        return "\n".join([head, *body, "}"])

    def emit(self, line: str) -> None:
        """Add an instruction that has no result."""
        self._lines.append(line)

    def make(self, type_: str, instruction: str) -> Value:
        """Add an instruction and name its result."""
        name = self._fresh("%v")
        self._lines.append(f"{name} = {instruction}")
        return Value(self, type_, name)

    def binary(self, operation: str, left: Value, right: Operand) -> Value:
        """An arithmetic instruction on two values of the left one's type."""
        other = self.lift(left.type, right).name
        return self.make(left.type, f"{operation} {left.type} {left.name}, {other}")

    def lift(self, type_: str, operand: Operand) -> Value:
        """A number as a constant of the type; a value as it is."""
        if isinstance(operand, Value):
            return operand
        return Value(self, type_, constant(type_, operand))

    def cast(self, operation: str, value: Value, type_: str) -> Value:
        """`zext`, `sext`, `trunc`, `bitcast`, `sitofp`, `fptosi` and their like."""
        return self.make(type_, f"{operation} {value.type} {value.name} to {type_}")

    def bits(self, value: Value, type_: str) -> Value:
        """The same bits as another type."""
        return self.cast("bitcast", value, type_)

    def at(self, pointer: Value, offset: Operand) -> Value:
        """The pointer `offset` bytes further."""
        moved = self.lift("i64", offset)
        return self.make("ptr", f"getelementptr i8, ptr {pointer.name}, i64 {moved.name}")

    def load(self, pointer: Value, type_: str) -> Value:
        """Read memory, which need not be aligned beyond the scalar's own size."""
        return self.make(type_, f"load {type_}, ptr {pointer.name}{_alignment(type_)}")

    def store(self, value: Value, pointer: Value) -> None:
        """Write memory, aligned as for `load`."""
        self.emit(f"store {value.type} {value.name}, ptr {pointer.name}{_alignment(value.type)}")

    def splat(self, value: Value, *, lanes: int = LANES) -> Value:
        """The value in every lane."""
        vector = f"<{lanes} x {value.type}>"
        first = self.make(
            vector, f"insertelement {vector} poison, {value.type} {value.name}, i64 0"
        )
        mask = f"<{lanes} x i32> zeroinitializer"
        return self.make(vector, f"shufflevector {vector} {first.name}, {vector} poison, {mask}")

    def shuffle(self, left: Value, right: Value, lanes: Sequence[int]) -> Value:
        """Pick lanes of two vectors laid end to end."""
        picked = ", ".join(f"i32 {lane}" for lane in lanes)
        type_ = f"<{len(lanes)} x {_scalar(left.type)}>"
        mask = f"<{len(lanes)} x i32> <{picked}>"
        return self.make(
            type_,
            f"shufflevector {left.type} {left.name}, {right.type} {right.name}, {mask}",
        )

    def compare(self, condition: str, left: Value, right: Operand) -> Value:
        """`slt`, `sge`, `eq`, `olt`, `ogt` and their like; one bit a lane."""
        is_real = _scalar(left.type) in ("float", "double")
        lanes = left.type.split(" x ")[0][1:] if left.type.startswith("<") else ""
        type_ = f"<{lanes} x i1>" if lanes else "i1"
        other = self.lift(left.type, right).name
        kind = "fcmp" if is_real else "icmp"
        return self.make(type_, f"{kind} {condition} {left.type} {left.name}, {other}")

    def select(self, condition: Value, yes: Value, no: Operand) -> Value:
        """One of two values, lane by lane where the condition is a vector."""
        other = self.lift(yes.type, no).name
        return self.make(
            yes.type,
            f"select {condition.type} {condition.name}, {yes.type} {yes.name}, {yes.type} {other}",
        )

    def call(self, name: str, returns: str, *arguments: Value) -> Value:
        """Call a function of this module, of the C library, or an intrinsic."""
        types = ", ".join(each.type for each in arguments)
        passed = ", ".join(f"{each.type} {each.name}" for each in arguments)
        self.declared.add(f"declare {returns} @{name}({types})")
        if returns == "void":
            self.emit(f"call void @{name}({passed})")
            return Value(self, "void", "")
        return self.make(returns, f"call {returns} @{name}({passed})")

    def variable(self, type_: str, initial: Operand | None = None) -> Variable:
        """A local variable."""
        name = self._fresh("%s")
        self._slots.append(f"{name} = alloca {type_}, align 64")
        made = Variable(self, type_, name)
        if initial is not None:
            made.set(initial)
        return made

    def scratch(self, size_bytes: int) -> Value:
        """Memory of this call, aligned to a cache line."""
        name = self._fresh("%s")
        self._slots.append(f"{name} = alloca [{size_bytes} x i8], align 64")
        return Value(self, "ptr", name)

    def prefetch(self, place: Value) -> None:
        """Ask for a cache line that will be read soon; any address will do."""
        self.declared.add("declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
        self.emit(f"call void @llvm.prefetch.p0(ptr {place.name}, i32 0, i32 3, i32 1)")

    def clear(self, target: Value, size: Value) -> None:
        """Zero memory."""
        self.declared.add("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        passed = f"ptr {target.name}, i8 0, i64 {size.name}, i1 false"
        self.emit(f"call void @llvm.memset.p0.i64({passed})")

    def copy(self, target: Value, source: Value, size: Value) -> None:
        """Copy memory that does not overlap."""
        self.declared.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        passed = f"ptr {target.name}, ptr {source.name}, i64 {size.name}, i1 false"
        self.emit(f"call void @llvm.memcpy.p0.p0.i64({passed})")

    @contextmanager
    def loop(self, start: Operand, stop: Operand, step: Operand = 1) -> Iterator[Value]:
        """Count an i64 from `start` up to below `stop`."""
        index = self.variable("i64", start)
        head, body, end = (self._fresh(label) for label in ("head", "body", "end"))
        self.emit(f"br label %{head}")
        self.emit(f"{head}:")
        now = index.value
        go = self.compare("slt", now, stop)
        self.emit(f"br i1 {go.name}, label %{body}, label %{end}")
        self.emit(f"{body}:")
        yield now
        index.set(now + step)
        self.emit(f"br label %{head}")
        self.emit(f"{end}:")

    @contextmanager
    def forever(self) -> Iterator[str]:
        """Repeat until `leave` jumps to the label that this gives."""
        head, end = self._fresh("head"), self._fresh("end")
        self.emit(f"br label %{head}")
        self.emit(f"{head}:")
        yield end
        self.emit(f"br label %{head}")
        self.emit(f"{end}:")

    def leave(self, label: str, condition: Value) -> None:
        """Jump to a label when the condition holds."""
        go_on = self._fresh("stay")
        self.emit(f"br i1 {condition.name}, label %{label}, label %{go_on}")
        self.emit(f"{go_on}:")

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """Do something only if the condition holds."""
        yes, end = self._fresh("yes"), self._fresh("end")
        self.emit(f"br i1 {condition.name}, label %{yes}, label %{end}")
        self.emit(f"{yes}:")
        yield
        self.emit(f"br label %{end}")
        self.emit(f"{end}:")

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"


def module_text(functions: Sequence[Function]) -> str:
    """All functions with declarations of what they call but do not define."""
    defined = {function.name for function in functions}
    declared = {
        line
        for function in functions
        for line in function.declared
        if line.split("@")[1].split("(")[0] not in defined
    }
    attributes = "attributes #0 = { nounwind }"
    return "\n".join([*sorted(declared), *(each.text() for each in functions), attributes])
