"""What no module may do: run code or shells out of text, unpickle, draw guessable numbers.

ruff refuses most of it too; here nothing can be excused by a comment. (OWASP ASVS 1.2.5, 1.3.2,
1.5.2, 11.5.1.)
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src"
MODULES = sorted(ROOT.rglob("*.py"))
CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "subprocess.getoutput",
    "subprocess.getstatusoutput", "asyncio.create_subprocess_shell", "pickle.load", "pickle.loads",
    "marshal.loads", "shelve.open", "yaml.load", "tempfile.mktemp",
}  # fmt: skip
GUESSABLE = {"random"}
"""Modules whose numbers can be told from those before; ids, keys and tokens come from `Ids`."""
MAY_GUESS = {
    "volano/backends/store/postgres.py": "spreads retries in time",
    "volano/kernel/ids.py": "replays tests from a seed; the ids of a process come from `secrets`",
}
"""Module to why its numbers need not be secret."""
MAY_RUN_TEXT = {
    "volano/services/studio/logic/containers/agent.py": "runs in a sandbox, where code is to run"
}
"""Module to why it may: it is never imported here."""


def named(node: ast.expr) -> str:
    """`os.system` of the expression that says so; '' for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{named(node.value)}.{node.attr}"
    return ""


def wrongs(tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if named(node.func) in CALLS:
                found.append(f"{node.lineno}: {named(node.func)}")
            for keyword in node.keywords:
                if keyword.arg == "shell" and getattr(keyword.value, "value", True):
                    found.append(f"{node.lineno}: a shell")
    return found


def imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("folder", sorted({path.relative_to(ROOT).parts[1] for path in MODULES}))
def test_no_module_runs_text_or_draws_guessable_numbers(folder):
    found = []
    for path in MODULES:
        name = str(path.relative_to(ROOT))
        if path.relative_to(ROOT).parts[1] != folder:
            continue
        tree = ast.parse(path.read_text())
        if name not in MAY_RUN_TEXT:
            found += [f"{name}:{each}" for each in wrongs(tree)]
        if imports(tree) & GUESSABLE and name not in MAY_GUESS:
            found.append(f"{name}: random")
    assert found == []


def test_the_rule_finds_what_it_is_about():
    bad = "import subprocess, random\nsubprocess.run('x', shell=True)\neval('1')\nos.system('x')"
    tree = ast.parse(bad)
    assert len(wrongs(tree)) == 3
    assert "random" in imports(tree)


def test_no_pattern_repeats_a_group_possessively() -> None:
    # CPython before 3.11.5, as Debian 12 has it, reads those wrong (gh-106052).
    wrong = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "(?" in node.value
        and wrong.search(node.value)
    ]
    assert found == []
