"""A member of staff in front of the admin: a browser with a real login that submits its forms."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.urls import reverse

from tests.doors import ORIGIN, Api

USERS = "accounts_user"
SESSIONS = "tokens_session"
LINKS = "accounts_onetimetoken"
ROLES = "rbac_role"
HELD = "rbac_roleassignment"


class Desk:
    def __init__(self, api: Api | None = None) -> None:
        self.api = api or Api().fetch_csrf()

    @classmethod
    def of(cls, user: Any) -> "Desk":
        return cls(Api().login(user.email))

    def get(self, path: str, **query: str):
        return self.api.client.get(path, query, secure=True, headers={"origin": ORIGIN})

    def follow(self, path: str) -> tuple[Any, list[str]]:
        """Where a visit ends, and the paths that it was sent to on the way."""
        hops: list[str] = []
        response = self.get(path)
        while response.status_code in {301, 302} and len(hops) < 5:
            hops.append(response.url)
            response = self.get(response.url)
        return response, hops

    def post(self, path: str, data: Any = None, **headers: str):
        csrf = self.api.cookie("csrftoken")
        return self.api.client.post(
            path,
            {"csrfmiddlewaretoken": csrf, **(data or {})},
            secure=True,
            headers={"origin": ORIGIN, **headers},
        )

    def rows(self, what: str = USERS, **query: str):
        return self.get(reverse(f"admin:{what}_changelist"), **query)

    def open(self, row: Any, what: str = USERS):
        return self.get(page_of(row, what))

    def save(self, row: Any, *, loaded: Any = None, **fields: Any):
        """Change a user's page as a browser submits it: all of its fields, or the name alone, a
        reason, and what is hidden in the page, which may have been `loaded` before."""
        page = (loaded or self.open(row)).content.decode()
        seen = re.findall(r'<input type="hidden" name="seen" value="([^"]*)"', page)
        kept = {"name": row.name, "reason": "Because", "seen": "".join(seen)}
        return self.post(page_of(row), {**kept, **fields})

    def fill(self, path: str, form: str, *, loaded: Any = None, **changes: Any):
        """Send a page's form as a browser would, with these fields changed; None sends none."""
        fields = Filled(loaded or self.get(path), form).fields | changes
        return self.post(path, {name: value for name, value in fields.items() if value is not None})

    def act(self, action: str, *rows: Any, what: str = USERS, **extra: str) -> list[str]:
        """Choose rows of a list and an action, confirm, and read what the next page says."""
        response = self.choose(action, *rows, what=what, confirmed="1", **extra)
        assert response.status_code == 302, response.content
        return said(self.get(response.url))

    def choose(self, action: str, *rows: Any, what: str = USERS, **extra: str):
        data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **extra}
        return self.post(reverse(f"admin:{what}_changelist"), data)


def page_of(row: Any, what: str = USERS) -> str:
    return reverse(f"admin:{what}_change", args=[row.pk])


def said(response: Any) -> list[str]:
    """The messages that a page shows."""
    found = re.search(r'<ul class="messagelist">(.*?)</ul>', response.content.decode(), re.DOTALL)
    items = re.findall(r"<li[^>]*>(.*?)</li>", found[1]) if found else []
    return [unescape(item) for item in items]


def shown(response: Any) -> list[str]:
    """The addresses in a list, in order."""
    rows = re.findall(r'<th class="field-email">.*?</th>', response.content.decode())
    return [re.sub("<[^>]+>", "", row) for row in rows]


def buttons(response: Any) -> list[str]:
    """The actions that a row's page offers."""
    return re.findall(r'name="action" value="(\w+)"', response.content.decode())


def inputs(response: Any) -> set[str]:
    """The names of all that can be filled in on a row's page."""
    form = re.search(r'<form[^>]*id="\w+_form".*?</form>', response.content.decode(), re.DOTALL)
    names = re.findall(r'<(?:input|select|textarea)\b[^>]*\sname="([^"]+)"', form[0])
    return {name for name in names if not name.startswith(("_", "csrf")) and name != "seen"}


class Filled(HTMLParser):
    """What a browser would send of the form with that id, if nobody touched it."""

    def __init__(self, response: Any, form: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._form, self._inside = form, False
        self._area = self._select = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = dict(attrs)
        if tag == "form":
            self._inside = facts.get("id") == self._form
        if not self._inside or "disabled" in facts:
            return
        name, value = facts.get("name", ""), facts.get("value") or ""
        kind = facts.get("type", "text") if tag == "input" else tag
        if kind == "textarea":
            self._area = name
            self.fields[name] = [""]
        elif kind == "select":
            self._select = name
        elif kind == "option" and "selected" in facts:
            self.fields.setdefault(self._select, []).append(value)
        elif kind in {"text", "number", "email", "hidden"} or (
            kind == "checkbox" and "checked" in facts
        ):
            self.fields.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] = [data.strip()]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
