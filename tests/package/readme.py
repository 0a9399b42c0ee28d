"""What README.md says, taken apart: its sections, its code blocks, and the tables of settings."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Block:
    """A fenced block, and the path that the line before it names last, in backticks."""

    language: str
    text: str
    path: str | None


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    meaning: str


def section(title: str) -> str:
    found = re.search(
        rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE
    )
    assert found, f"README.md has no section {title!r}"
    return found[1]


def blocks(text: str) -> list[Block]:
    return [
        Block(found[1], found[2], _path(text[: found.start()].rstrip()))
        for found in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    ]


def table(heading: str) -> list[Setting]:
    """The rows of the table whose first column is headed by that setting's name."""
    found = re.search(rf"^\| `{heading}` \|.*\n\|[-|]+\n((?:\|.*\n)+)", README, re.MULTILINE)
    assert found, f"README.md has no table {heading}"
    rows = [re.split(r" *(?<!\\)\| *", row.strip("| ")) for row in found[1].splitlines()]
    return [Setting(name.strip("`"), default.strip("`"), said) for name, default, said in rows]


def settings_of(app: str) -> list[Setting]:
    """The fields of an app's settings, as its conf.py writes them, each with its docstring."""
    module = ast.parse((PROJECT / app / "conf.py").read_text(encoding="utf-8"))
    [body] = [
        node.body
        for node in module.body
        if isinstance(node, ast.ClassDef) and node.name == f"{app.title()}Conf"
    ]
    return [
        Setting(field.target.id, _default(field.value), _said(after))
        for field, after in zip(body, [*body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign)
    ]


def _path(before: str) -> str | None:
    named = re.findall(r"`([\w/]+\.\w+)`", before.rpartition("\n")[2])
    return named[-1] if named else None


def _default(value: ast.expr) -> str:
    """As somebody would write it into their own settings."""
    match value:
        case ast.Call(keywords=[ast.keyword(arg="default_factory", value=ast.Lambda(body=made))]):
            return ast.unparse(made).replace("'", '"')
        case ast.Attribute(attr=choice):
            return f'"{choice.lower()}"'
    return ast.unparse(value).replace("DAY", "24 * 3600").replace("'", '"')


def _said(statement: ast.stmt | None) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""
