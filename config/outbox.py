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
HARMLESS = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


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
    mails = [(path.stem, _read(path)) for path in _files()[:NEWEST]]
    entries = [
        {"id": name, "mail": mail, "text": _part(mail, "plain"), "html": _part(mail, "html")}
        for name, mail in mails
    ]
    return render(request, "outbox.html", {"entries": entries})


def outbox_text(request: HttpRequest, name: str) -> HttpResponse:
    """One mail's text part; `latest` is the newest one's, for a shell."""
    return _answer(request, name, "plain")


def outbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """One mail's HTML part, as harmless as in a mail client: inline styles and nothing else."""
    answer = _answer(request, name, "html")
    answer.headers["Content-Security-Policy"] = HARMLESS  # the middleware leaves one that is set
    return answer


def _answer(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    _refuse_others(request)
    found = [path for path in _files() if name in ("latest", path.stem)]
    content = _part(_read(found[0]), kind) if found else None
    if content is None:
        raise Http404
    return HttpResponse(content, content_type=f"text/{kind}; charset=utf-8")


def _refuse_others(request: HttpRequest) -> None:
    address = client_ip(request)
    if address is None or not ipaddress.ip_address(address).is_loopback:
        raise Http404


def _files() -> list[Path]:
    return sorted(settings.OUTBOX.glob("*.eml"), reverse=True)


def _read(path: Path) -> ParsedMail:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def _part(mail: ParsedMail, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return part.get_content() if part else None
