"""The house keeps its walls: small folders, short functions, no import circle, and documents that name what exists."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "swayline"
MOST_MODULES, MOST_LINES, MOST_PARAMETERS = 15, 60, 9

LONG_FUNCTIONS: dict[str, str] = {
    "causal/policy/learn_policy.py:learn_policy": "a public face: its options and their documentation, a short body",
    "face/evaluation.py:evaluate": "a public face: its options and their documentation, twelve lines of body",
    "causal/effect.py:estimate_effect": "a public face: sixteen options and their documentation, twelve lines of body",
    "features/asof.py:features_as_of": "a public function: its options and their documentation, a short body",
    "influence/diffusion/seeds.py:choose_seeds": "a public function: twelve options and their documentation, a short body",
}
"""``file:function`` → why it may be longer than 60 lines."""

WIDE_FUNCTIONS: dict[str, str] = {
    "face/privacy.py:anonymize": "a public face: log and key, and eight options by keyword",
    "causal/effect.py:estimate_effect": "a public face: twelve of its options are keywords with a default",
    "causal/policy/learn_policy.py:learn_policy": "a public face: eight of its options are keywords with a default",
    "influence/diffusion/seeds.py:choose_seeds": "a public function: graph and budget, and ten options by keyword",
}
"""``file:function`` → why it may take more than nine parameters."""


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(SOURCE.rglob("*.py"))
    }


def _functions():
    for path in _modules().values():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(SOURCE)}:{node.name}", node


def _imports(path: Path, known: dict[str, Path]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & set(known)


def test_no_folder_is_flat():
    counts = Counter(path.parent for path in _modules().values() if path.name != "__init__.py")
    crowded = {str(folder.relative_to(SOURCE)): n for folder, n in counts.items() if n > MOST_MODULES}
    assert not crowded, f"folders of more than {MOST_MODULES} modules want rooms: {crowded}"


def test_functions_are_one_step():
    found = {name: n.end_lineno - n.lineno + 1 for name, n in _functions() if n.end_lineno - n.lineno + 1 > MOST_LINES}
    assert {name: lines for name, lines in found.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(found), "an exception is no longer needed: take it out"


def test_functions_take_few_parameters():
    def count(node):
        names = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        return len([one for one in names if one.arg not in ("self", "cls")])

    found = {name: count(n) for name, n in _functions() if count(n) > MOST_PARAMETERS and not name.endswith("__init__")}
    assert {name: n for name, n in found.items() if name not in WIDE_FUNCTIONS} == {}
    assert set(WIDE_FUNCTIONS) <= set(found), "an exception is no longer needed: take it out"


def test_modules_import_in_no_circle():
    known = _modules()
    graph = {name: _imports(path, known) - {name} for name, path in known.items()}
    # A package's face importing its own rooms, and a room importing its package's face, is how Python packages are
    # written; circles among other modules are not.
    graph = {
        name: {to for to in targets if not name.startswith(f"{to}.") and not to.startswith(f"{name}.")}
        for name, targets in graph.items()
    }
    order, state, circles = [], defaultdict(int), []

    def visit(name, trail):
        state[name] = 1
        for to in sorted(graph[name]):
            if state[to] == 1:
                circles.append([*trail[trail.index(to) :], to] if to in trail else [name, to])
            elif state[to] == 0:
                visit(to, [*trail, to])
        state[name] = 2
        order.append(name)

    for name in sorted(graph):
        if state[name] == 0:
            visit(name, [name])
    assert circles == []


_PATHS = re.compile(r"(?<![\w./-])(?:(?:src/swayline|tests)/[\w./-]*\w|benchmarks/[\w./-]*\w\.py|docs/[\w./-]*\w\.md)")


@pytest.mark.parametrize(
    "page",
    [
        ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile",
        *sorted(path for path in (ROOT / "docs").rglob("*.md") if "log" not in path.relative_to(ROOT / "docs").parts[0]),
    ],
    ids=lambda page: str(page.relative_to(ROOT)),
)  # fmt: skip
def test_every_path_that_a_document_names_exists(page):
    named = {match.group(0) for match in _PATHS.finditer(page.read_text("utf-8"))}
    missing = sorted(one for one in named if not (ROOT / one).exists() and not list(ROOT.glob(f"{one}*")))
    assert not missing
