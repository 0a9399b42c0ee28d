"""Axe finds nothing to complain of on any page, in any state, light or dark, wide or narrow."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page

from tests.browser.pages import ANYBODY, MEMBER, NO_PAGES, VISITS, Visit

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations", "incomplete"],
    "preload": False,  # it would write a <style>, which the Content-Security-Policy refuses
}
OF_DJANGO = {"exclude": [".help-tooltip"]}  # in its admin: a question mark with an aria-label
OBSCURED = "partially obscured by another element"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 640}
WITHOUT_ORNAMENT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("body::before { content: none !important }");  // axe cannot see through it
  document.adoptedStyleSheets = [sheet];
}"""
SETTLED = "() => document.getAnimations().forEach((animation) => animation.finish())"
TOO_WIDE = "() => document.documentElement.scrollWidth - innerWidth"
HEIGHT = "() => document.documentElement.scrollHeight"
TWICE_AS_LARGE = "() => { document.documentElement.style.fontSize = '200%' }"
BESIDE_THE_PAGES = ("api/", ".well-known/")
# Django's own in its admin; what cannot be added or deleted there.
OF_THEIRS = re.compile(
    r"admin:(admin/|\w+_(history|delete)$|tokens_(session|signingkey)_add$"
    r"|(accounts_onetimetoken|django_tasks_database_dbtaskresult|waffle_switch)_add$)"
)


@pytest.fixture
def page(visit: Visit, someone: Callable, request: pytest.FixtureRequest) -> Page:
    """In the state that the visit names."""
    if visit.who == ANYBODY:
        site = request.getfixturevalue("site" if visit.debug else "site_without_debug")
        person = someone(at=site)
    elif visit.who == MEMBER:
        person = request.getfixturevalue("member")
    else:
        person = request.getfixturevalue("staff")
        person.log_in()
    visit.make(person)
    return person.page


def complaints(page: Page) -> list[str]:
    """Also where axe could not tell how well a text can be read."""
    page.evaluate(SETTLED)
    found = page.evaluate("([without, options]) => axe.run(without, options)", [OF_DJANGO, AXE])
    unsure = [rule for rule in found["incomplete"] if rule["id"] == "color-contrast"]
    return [
        f"{rule['id']}: {' '.join(node['target'])}: {check['message']}"
        for rule in [*found["violations"], *unsure]
        for node in rule["nodes"]
        for check in [*node["any"], *node["all"], *node["none"]]
        if "due to a background image" not in check["message"]  # icons in Django's admin
        and not _is_in_its_own_way(node, check)
    ]


def _is_in_its_own_way(node: dict, check: dict) -> bool:
    """A list box whose entry lies where axe looks: it names nothing else that hides it."""
    others = [each for each in check["relatedNodes"] if each["target"] != node["target"]]
    return node["html"].startswith("<select") and OBSCURED in check["message"] and not others


@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_everybody_can_read_and_use(visit, page):
    page.evaluate(AXE_SCRIPT)
    page.evaluate(WITHOUT_ORNAMENT)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        # Of text that the window's edge cuts, axe cannot tell how well it can be read.
        page.set_viewport_size({**size, "height": page.evaluate(HEIGHT)})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = complaints(page)
            assert not found, "\n".join([f"{scheme}, {size['width']} px:", *found])

    assert page.evaluate(TOO_WIDE) <= 0, "it scrolls sideways where the window is narrow"
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate(TWICE_AS_LARGE)
    assert page.evaluate(TOO_WIDE) <= 0, "it scrolls sideways where text is large"


def pages_of_the_urlconf() -> Iterator[str]:
    """Each page's name, with its namespace; its path where it has no name."""

    def walk(resolver: URLResolver, path: str, namespace: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            here = path + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield namespace + (entry.name or here)
            elif not here.startswith(BESIDE_THE_PAGES):
                inner = f"{entry.namespace}:" if entry.namespace else namespace
                yield from walk(entry, here, inner)

    return walk(get_resolver(), "", "")


def test_no_page_is_forgotten():
    known = {visit.page for visit in VISITS} | set(NO_PAGES)
    found = {page for page in pages_of_the_urlconf() if not page.startswith(BESIDE_THE_PAGES)}
    listed = {page for page in found if not OF_THEIRS.match(page)}
    assert listed >= {"home", "accounts:login", "tokens:sessions", "admin:rbac_role_permissions"}
    assert listed <= known
