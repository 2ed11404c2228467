"""Write ``docs/papers.md``: every paper that a module's documentation names, and the file that follows it."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "swayline"
PAGE = ROOT / "docs" / "papers.md"


def papers() -> list[tuple[str, str]]:
    """(paper, file) pairs, as the ``References`` sections say them."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                continue
            parts = re.split(r"^ *References\n *-+\n", ast.get_docstring(node) or "", flags=re.M)
            for part in parts[1:]:
                text = " ".join(re.split(r"\n *\w+\n *---|\n\n", part)[0].split())
                found |= {
                    (one.strip(" ."), str(path.relative_to(ROOT)))
                    for one in re.split(r"(?<=[a-z)\d]{2})[.;] (?=[A-Z])", text)
                }
    return sorted((paper, file) for paper, file in found if len(paper) > 12)


def page() -> str:
    """The page."""
    rows = [f"| {paper.replace('|', '/')} | `{file}` |" for paper, file in papers()]
    head = ["# Papers and the files that follow them", "", "Made from the sources by `python docs/make_papers.py`.", ""]
    return "\n".join([*head, "| paper | file |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{len(papers())} papers: {PAGE}\n")
