"""What holds for every page: headers, no inline code, refusals and faults as pages."""

import re

import pytest
from django.db import OperationalError

from tests.doors import Pages, shown

pytestmark = pytest.mark.django_db

PUBLIC = ["login", "register", "verify-email", "password/reset"]
PRIVATE = ["profile", "sessions", "password/change"]


PATHS = ["/", *(f"/accounts/{name}/" for name in PUBLIC + PRIVATE)]


@pytest.mark.parametrize("path", PATHS)
def test_no_cache_keeps_it_and_nothing_inline_is_in_it(ada, path):
    response = ada.visit(path)
    page = response.content.decode()

    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", page)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", page)


@pytest.mark.parametrize("name", PUBLIC + PRIVATE)
def test_each_field_has_a_label_and_says_what_belongs_into_it(ada, name):
    page = ada.visit(f"/accounts/{name}/").content.decode()

    for tag in re.findall(r"<input[^>]*>", page):
        if 'type="hidden"' in tag:
            continue
        named = re.search(r'\sid="([^"]+)"', tag)
        assert "aria-label=" in tag or (named and f'<label for="{named[1]}"' in page)
        assert "autocomplete=" in tag or 'type="checkbox"' in tag


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_private_is_shown_to_nobody_else(ada, name):
    assert Pages().visit(f"/accounts/{name}/").status_code == 302


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused_by_a_page(pages, method):
    pages.visit("/accounts/login/")

    response = getattr(pages.client, method)("/accounts/login/", secure=True)

    assert response.status_code in (403, 405)


def test_there_is_nothing_there(pages):
    response = pages.visit("/accounts/nothing/")

    assert response.status_code == 404
    assert "Not found" in shown(response)


def test_the_database_gone_is_a_page_that_says_so(ada, monkeypatch):
    def gone(*args: object) -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("tokens.strict.fetch", gone)
    for path in ("/accounts/profile/", "/accounts/login/", "/accounts/sessions/", "/"):
        response = ada.visit(path)
        assert response.status_code == 503
        assert response["Retry-After"] == "5"
        assert "Try again shortly" in shown(response)
        assert "10.0.0.7" not in response.content.decode()
        assert "no-store" in response["Cache-Control"]


def test_nothing_there_needs_no_database(ada, monkeypatch):
    def gone(*args: object) -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("tokens.strict.fetch", gone)

    assert ada.visit("/nothing").status_code == 404


def test_a_fault_of_ours_is_a_page_without_a_traceback(ada, monkeypatch):
    def broken(**typed: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("accounts.pages.views.change_profile", broken)
    response = ada.send("/accounts/profile/", {"name": "Ada"})

    assert response.status_code == 500
    assert "The fault is ours" in shown(response)
    assert "secret" not in shown(response)
