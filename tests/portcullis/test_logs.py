"""What must never reach a log."""

import logging

import pytest

from portcullis.logs import StripTokens
from tests.doors import PASSWORD, Api

pytestmark = pytest.mark.django_db

NEW = "Difference-Engine-1822"


def test_a_whole_life_leaves_no_secret_and_no_address_in_the_log(mailbox, caplog):
    caplog.set_level(logging.DEBUG)
    api = Api()
    api.register("ada@example.com")
    link = mailbox.token()
    assert api.get(f"/auth/verify-email?token={link}").status_code == 200
    assert api.get(f"/auth/verify-email?token={link}").status_code == 400
    api.try_login("ada@example.com", "wrong")
    api.login("ada@example.com", transport="bearer")
    secrets = [link, PASSWORD, NEW, "ada@example.com", api.access, api.refresh_token]
    assert api.post("/auth/refresh", {"refresh": api.refresh_token}).status_code == 200
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert api.post("/auth/change-password", body).status_code == 200
    api.get("/users/profile", Authorization=f"Bearer {api.access}x")
    lines = [
        record.getMessage()
        for record in caplog.records
        if record.name != "mail.log" and not record.name.startswith("django.db")
    ]
    assert any("path=/api/auth/verify-email" in line for line in lines)
    assert any("reason='wrong password'" in line for line in lines)
    assert [(line, secret) for line in lines for secret in secrets if secret in line] == []


def test_the_development_server_logs_no_token():
    record = logging.makeLogRecord({"msg": '"GET %s" 200', "args": ("/x?token=secret&next=/",)})
    assert StripTokens().filter(record)
    assert record.getMessage() == '"GET /x?token=...&next=/" 200'
