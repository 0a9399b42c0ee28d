"""What the page of a user shows beside the account itself: `ACCOUNTS["ADMIN_PANELS"]`."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.admin.actions import has_authority
from accounts.admin.assignments import roles_of
from accounts.admin.step_up import proven
from accounts.conf import conf
from portcullis.places import place_of
from tokens.devices import device_label
from tokens.models import Session

SHOWN = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page. Its template finds `context` as `panel`, and the account as
    `original`."""

    title: str
    template: str
    context: dict[str, Any]


def panels(request: HttpRequest, user: Any, site: str) -> Iterator[Panel]:
    """Those that this member of staff may see. `site` is the name of the admin's site."""
    for dotted in conf().ADMIN_PANELS:
        panel = import_string(dotted)(request, user, site)
        if panel is not None:
            yield panel


def sessions(request: HttpRequest, user: Any, site: str) -> Panel | None:
    """Where somebody is signed in, last used first."""
    if not request.user.has_perm("tokens.view_session"):
        return None
    may_end = request.user.has_perm("tokens.change_session") and proven(request)
    live = Session.objects.open().filter(user=user).order_by("-last_used_at", "pk")
    rows = live[:SHOWN]
    context = {
        "rows": [(row, device_label(row.user_agent), place_of(row.ip)) for row in rows],
        "count": live.count(),
        "may_end": may_end and has_authority(request, user),
        "list_url": reverse("admin:tokens_session_changelist", current_app=site),
    }
    return Panel("Sessions", "accounts/admin/sessions_panel.html", context)


def roles(request: HttpRequest, user: Any, site: str) -> Panel | None:
    """What somebody holds, and the form that gives them more."""
    context = roles_of(request, user, site, shown=SHOWN)
    return Panel("Roles", "accounts/admin/roles_panel.html", context) if context else None
