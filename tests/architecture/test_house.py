"""The house rules that no linter knows."""

import ast
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from rest_framework.views import APIView

from tests.portcullis.routes import methods, mounted
from tokens.authentication import TokenAuthentication

PROJECT = Path(__file__).resolve().parents[2]
APPS = sorted(path.parent.name for path in PROJECT.glob("*/apps.py"))
OURS = (*APPS, "config")
MODULES = [
    path
    for app in OURS
    for path in sorted((PROJECT / app).rglob("*.py"))
    if "migrations" not in path.parts
]
TESTS = sorted((PROJECT / "tests").rglob("*.py"))
NO_ROOM_FOR = {"utils", "helpers", "services", "managers", "common", "misc"}
DOCUMENTATION = {"schema", "docs"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def signals() -> list[tuple[str, str, str | None]]:
    """App, name and docstring of every signal."""
    found = []
    for path in PROJECT.glob("*/signals.py"):
        body = tree(path).body
        for here, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(here, ast.Assign) and "Signal()" in ast.unparse(here.value):
                said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                found.append(
                    (path.parent.name, here.targets[0].id, after.value.value if said else None)
                )
    return found


def sent() -> set[str]:
    """The names of all signals that some module sends."""
    return {
        node.func.value.id
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"send", "send_robust"}
        and isinstance(node.func.value, ast.Name)
    }


@pytest.mark.parametrize(("app", "name", "said"), signals(), ids=lambda value: str(value)[:30])
def test_every_signal_is_sent_and_says_its_arguments(app, name, said):
    assert name in sent(), f"{app}.signals.{name} is never sent"
    assert said is not None, f"{app}.signals.{name} is not documented"
    assert "Arguments:" in said


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=name_of)
def test_every_module_opens_with_a_sentence(path):
    module = tree(path)
    if not module.body:
        return
    said = ast.get_docstring(module)
    assert said, "no docstring"
    assert said[0].isupper() or said[0] in "`'"
    assert "." in said


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_named_for_having_no_subject(path):
    assert not {path.stem, *path.relative_to(PROJECT).parts} & NO_ROOM_FOR


def test_only_the_project_knows_its_outbox():
    importers = {
        path.relative_to(PROJECT).parts[0]
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom) and "outbox" in ast.unparse(node)
    }
    assert importers == {"config"}


def test_the_schema_is_valid_and_lists_every_route(tmp_path, db):
    written = tmp_path / "schema.json"
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", written
    )
    paths = json.loads(written.read_text())["paths"]
    listed = {
        (path.removeprefix("/api/"), method.upper())
        for path, operations in paths.items()
        for method in operations
    }
    expected = {
        (
            path.replace("<uuid:", "{")
            .replace("<str:", "{")
            .replace("<slug:", "{")
            .replace(">", "}"),
            method,
        )
        for path, view in mounted()
        if path not in DOCUMENTATION
        for method in methods(view) - {"OPTIONS", "HEAD"}
    }
    assert expected <= listed


@pytest.mark.parametrize(("path", "view"), list(mounted()), ids=[path for path, _ in mounted()])
def test_every_view_says_itself_who_may_call_it(path, view):
    cls = view.view_class
    assert issubclass(cls, APIView)
    for setting in ("authentication_classes", "permission_classes"):
        saying = [base for base in cls.__mro__ if setting in vars(base)]
        assert saying[0].__module__ != "rest_framework.views", f"{setting} is DRF's default"
    assert set(cls.authentication_classes) <= {TokenAuthentication}
    assert cls.permission_classes or path in DOCUMENTATION
