"""Under DEBUG: sent mail as files in `outbox/`, and a page that shows them. No mail leaves."""

import email
import email.policy
import ipaddress
import time
from collections.abc import Sequence
from email.message import EmailMessage as ParsedMail
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend as ConsoleBackend
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portcullis.client import client_ip

NEWEST = 50


class OutboxBackend(ConsoleBackend):
    """Prints each mail, as Django's console backend does, and keeps it for the page."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        settings.OUTBOX.mkdir(mode=0o700, exist_ok=True)
        for message in email_messages:
            path = settings.OUTBOX / f"{time.time_ns()}.eml"
            path.write_bytes(message.message().as_bytes())
        return super().send_messages(email_messages)


def outbox(request: HttpRequest) -> HttpResponse:
    """The newest mails, newest first; to this machine alone, for they hold one-time links."""
    _refuse_others(request)
    mails = [{"id": path.stem, "mail": _read(path)} for path in _files()[:NEWEST]]
    return render(request, "outbox.html", {"mails": mails})


def outbox_text(request: HttpRequest, name: str) -> HttpResponse:
    """One mail's text part; `latest` is the newest one's, for a shell."""
    _refuse_others(request)
    paths = [path for path in _files() if name in ("latest", path.stem)]
    if not paths:
        raise Http404
    part = _read(paths[0]).get_body(("plain",))
    return HttpResponse(
        part.get_content() if part else "", content_type="text/plain; charset=utf-8"
    )


def _refuse_others(request: HttpRequest) -> None:
    address = client_ip(request)
    if address is None or not ipaddress.ip_address(address).is_loopback:
        raise Http404


def _files() -> list[Path]:
    return sorted(settings.OUTBOX.glob("*.eml"), reverse=True)


def _read(path: Path) -> ParsedMail:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
