"""The examples in docs/roles.md, run."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rest_framework.permissions import IsAuthenticated

from portcullis import registry
from rbac.files import parse
from rbac.models import RoleAssignment

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "roles.md").read_text(encoding="utf-8")


def block(language: str, *, having: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    return next(each for each in found if having in each)


@pytest.fixture
def billing(monkeypatch) -> None:
    """An app of that name, whose invoices are rows of ours that have an owner."""
    app, models = ModuleType("billing"), ModuleType("billing.models")
    models.Invoice = RoleAssignment
    app.__file__ = __file__
    monkeypatch.setitem(sys.modules, "billing", app)
    monkeypatch.setitem(sys.modules, "billing.models", models)
    monkeypatch.setattr(registry, "_declared", {})


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "billing.example"}
    exec(source, names)
    return names


def test_permissions_are_declared(billing):
    config = run(block("python", having="BillingConfig"))["BillingConfig"]
    config("billing", sys.modules["billing"]).ready()
    assert len(registry.declared()) == 4
    assert registry.declared()["billing.refund_invoice"].danger == "high"


def test_views_say_who_may_call_them(billing):
    views = run(block("python", having="MyInvoices"))
    assert views["MyInvoices"].permission_classes == [IsAuthenticated]
    refunds = views["Refunds"]().get_permissions()
    assert len(refunds) == 2
    assert views["InvoiceFields"].readable_with == {"margin": "billing.view_margin"}


def test_the_file_is_a_file_of_roles():
    found = parse(block("yaml", having="roles:").encode())
    assert found.problems == []
    assert list(found.entries) == ["editor", "writer"]
