"""Imports go down only, and modules of one layer do not import each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the ground up. A name ending in ".*" stands for all modules of that package that no longer name fits.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("rag.errors",),
    ("rag.records", "rag.settings", "rag.written"),
    ("rag.wire", "rag.filters", "rag.secret"),
    ("rag.terminal", "rag.progress", "rag.citation"),
    ("rag.language",),
    ("rag.tokens", "rag.sentences", "rag.decoding"),
    ("rag.segment.*",),
    ("rag.readers.*", "rag.passages"),
    ("rag.reading",),
    ("rag.e5.*", "rag.encoders.*"),
    ("rag.model", "rag.store.*", "rag.walk"),
    ("rag.store.milvus.*",),
    ("rag.encoder", "rag.reranker"),
    ("rag.snapshot",),
    ("rag.scoring", "rag.highlight", "rag.confidence", "rag.chart"),
    ("rag.shelving", "rag.candidates"),
    ("rag.ingest", "rag.rebuild", "rag.search", "rag.transfer", "rag.chat.*"),
    ("rag.doctor", "rag.history", "rag.feed", "rag.sources"),
    ("rag.generate.*",),
    ("rag.judge.*",),
    ("rag.evaluate",),
    ("rag.library",),
    ("rag.appraise", "rag.cluster"),
    ("rag.web.*", "rag.watch"),
    ("rag.commands.*",),
    ("rag.cli",),
    ("rag.__main__",),
)


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "rag").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def layer_of(module: str) -> int:
    fitting = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or (name.endswith(".*") and (module + ".").startswith(name[:-1]))
    ]
    assert fitting, f"{module} stands on no layer: give it a place in tests/test_layers.py"
    return max(fitting)[1]


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            found |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in known else str(node.module)
                for alias in node.names
            }
    return {name for name in found if name.startswith("rag.")}


MODULES = modules()


@pytest.mark.parametrize("module", [name for name in MODULES if name != "rag"])
def test_imports_go_down(module):
    own = layer_of(module)
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for imported in imports_of(MODULES[module], MODULES):
        other = layer_of(imported)
        inside_one_package = other == own and (imported.startswith(package + ".") or imported == package)
        assert other < own or (inside_one_package and package != "rag"), f"{module} imports {imported}"


def package_cycles() -> list[str]:
    edges = {name: imports_of(path, MODULES) for name, path in MODULES.items()}
    done: set[str] = set()
    cycles: list[str] = []

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            cycles.append(" -> ".join((*trail[trail.index(name) :], name)))
        elif name not in done:
            for other in edges.get(name, set()):
                visit(other, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())
    return cycles


def test_there_is_no_import_cycle():
    assert package_cycles() == []


def run_python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    return result.stdout.strip()


HEAVY = (
    "{'torch', 'transformers', 'gradio', 'faiss', 'onnxruntime', 'sentence_transformers', 'tantivy', 'numpy'}"
)


def test_importing_rag_does_nothing():
    assert run_python(f"import rag, sys; print(sorted({HEAVY} & set(sys.modules)))") == "[]"


def test_help_loads_nothing_heavy():
    code = (
        "import sys, contextlib, io\n"
        "from rag.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    code = main(['--help'])\n"
        f"print(code, sorted(({HEAVY} - {{'numpy'}}) & set(sys.modules)))"
    )
    assert run_python(code) == "0 []"


def test_modules_stay_under_400_lines():
    long = {
        name: lines for name, path in MODULES.items() if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_public_names_are_the_ones_promised():
    import rag

    assert rag.__all__ == [
        "Answer",
        "Document",
        "Filters",
        "Hit",
        "Library",
        "Passage",
        "RagError",
        "Settings",
        "Source",
    ]
    for name in rag.__all__:
        assert getattr(rag, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = rag.nothing_like_it
