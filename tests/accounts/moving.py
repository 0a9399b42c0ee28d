"""A change of address, step by step: asked for, confirmed, undone."""

import re

from tests.doors import Api, Mailbox

OLD, NEW, THIRD = "ada@example.com", "ada@new.example", "ada@third.example"
CONFIRM, UNDO = "/accounts/email/confirm/", "/accounts/email/undo/"
RESET = "/accounts/password/reset/confirm/"


def ask(api: Api, email: str = NEW):
    return api.post("/auth/change-email", {"email": email})


def confirm(token: str):
    return Api().post("/auth/confirm-email-change", {"token": token})


def undo(token: str):
    return Api().post("/auth/undo-email-change", {"token": token})


def reset(token: str, password: str):
    return Api().post("/auth/reset-password", {"token": token, "password": password})


def secrets(mailbox: Mailbox, to: str, page: str) -> list[str]:
    """What opens that page, in the mail to that very address, oldest first."""
    texts = [mail.get_body(("plain",)).get_content() for mail in mailbox.read() if mail["To"] == to]
    return [found for text in texts for found in re.findall(rf"{page}\?token=([\w-]+)", text)]


def secret(mailbox: Mailbox, to: str, page: str) -> str:
    found = secrets(mailbox, to, page)
    assert found, f"no link to {page} was mailed to {to}"
    return found[-1]


def subjects(mailbox: Mailbox, to: str) -> list[str]:
    return [mail["Subject"].partition(": ")[2] for mail in mailbox.read() if mail["To"] == to]


def asked(mailbox: Mailbox, *, to: str = NEW, at: str = OLD) -> str:
    """Log in at one address and ask for another; the secret that was mailed to it."""
    assert ask(Api().login(at, transport="bearer"), to).status_code == 202
    return secret(mailbox, to, CONFIRM)


def moved(mailbox: Mailbox, *, to: str = NEW, at: str = OLD) -> str:
    """All the way; the secret that undoes it."""
    assert confirm(asked(mailbox, to=to, at=at)).status_code == 200
    return secret(mailbox, at, UNDO)
