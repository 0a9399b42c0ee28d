"""`docs/extending.md`, executed as it stands: an app adds to the export and to the erasure."""

import re
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.checks import check_what_others_add
from tests.doors import Api

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "extending.md"


@pytest.fixture
def uploads(user, settings, tmp_path, monkeypatch) -> Path:
    """The guide's app, installed as the guide says; the folder has two files of the user's."""
    code, entered = re.findall(
        r"^```python\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE
    )
    app = ModuleType("uploads.privacy")
    exec(compile(code, "docs/extending.md", "exec"), app.__dict__)
    monkeypatch.setitem(sys.modules, "uploads", ModuleType("uploads"))
    monkeypatch.setitem(sys.modules, "uploads.privacy", app)
    said: dict[str, dict] = {}
    exec(compile(entered, "docs/extending.md", "exec"), said)
    settings.ACCOUNTS = {**settings.ACCOUNTS, **said["ACCOUNTS"]}
    settings.MEDIA_ROOT = tmp_path
    folder = tmp_path / "uploads" / str(user.pk)
    folder.mkdir(parents=True)
    for name in ("b.txt", "a.txt"):
        (folder / name).touch()
    return folder


def test_what_an_app_stores_is_told_and_erased(user, uploads, django_capture_on_commit_callbacks):
    assert check_what_others_add() == []
    told = Api().login(transport="bearer").get("/users/profile/export").json()
    assert told["uploads"] == ["a.txt", "b.txt"]
    assert told["account"]["email"] == user.email
    type(user).objects.update(closed_at=timezone.now() - timedelta(days=31))
    with django_capture_on_commit_callbacks(execute=True):
        call_command("eraseaccounts", stdout=StringIO())
    assert not uploads.exists()
    assert uploads.parent.exists()
    assert not type(user).objects.exists()


@pytest.mark.parametrize("setting", ["EXPORTERS", "ERASERS", "ADMIN_PANELS"])
@pytest.mark.parametrize("name", ["nowhere.export", "accounts.exporters.MOST", "export"])
def test_a_name_that_leads_nowhere_is_found_before_anybody_asks(accounts, setting, name):
    accounts(**{setting: (name,)})
    [problem] = check_what_others_add()
    assert (problem.id, name in problem.msg) == ("accounts.E006", True)
