"""No page of the admin shows a secret, and none can be asked about one bit by bit."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType

from accounts.models import OneTimeToken, PendingLogin
from portcullis import secrets
from tests.admin.desk import LINKS, SESSIONS, USERS, Desk
from tests.doors import PASSWORD, Api
from tokens.models import SigningKey

pytestmark = pytest.mark.django_db

GROUPS = "auth_group"
QUEUE = "django_tasks_database_dbtaskresult"
SWITCHES = "waffle_switch"
START = "/admin/"
OWN_PASSWORD = "/admin/password_change/"


@pytest.fixture
def full_house(desk, user, make_staff, mailbox) -> list[str]:
    """Something of everything that holds secrets; returns all of them."""
    make_staff("accounts.view_user", email="viewer@example.com")
    Group.objects.create(name="Keepers")
    api = Api()
    api.register("new@example.com", "Difference-Engine-1822", "New")
    api.post("/auth/forgot-password", {"email": user.email})
    token = mailbox.token()
    api.post("/auth/forgot-password", {"email": "root@example.com"})
    bearer = Api().login(transport="bearer")
    desk.act("send_reset_link", user)
    desk.save(user, name="Ada Lovelace")
    found = [token, secrets.digest(token), bearer.access, bearer.refresh_token, PASSWORD]
    found += get_user_model().objects.values_list("password", flat=True)
    for link in OneTimeToken.objects.all():
        found += [link.digest, link.state, link.payload.get("password")]
    found += SigningKey.objects.values_list("sealed_private", flat=True)
    return [secret for secret in found if secret and not secret.startswith("!")]


def crawl(desk: Desk) -> dict[str, str]:
    """Every page of the admin that can be reached by links, without its query strings."""
    pages: dict[str, str] = {}
    ahead = [START]
    while ahead:
        path = ahead.pop()
        if path in pages:
            continue
        response, _ = desk.follow(path)
        pages[path] = response.content.decode()
        ahead += re.findall(r'href="(/admin/[^"?#]*)', pages[path])
    return pages


def test_no_page_shows_a_secret(desk, full_house):
    pages = crawl(desk)
    assert len(pages) > 20
    for path, html in pages.items():
        for secret in full_house:
            assert secret not in html, path
        assert path == OWN_PASSWORD or 'type="password"' not in html, path
        for name in ("digest", "payload", "pbkdf2", "argon2", "sealed"):
            assert name not in html.lower(), path


def test_no_page_of_staff_shows_a_secret(full_house, support_desk):
    pages = crawl(support_desk)
    assert len(pages) > 10
    for path, html in pages.items():
        assert not [secret for secret in full_house if secret in html], path


FORBIDDEN = [
    (USERS, "password__startswith"),
    (USERS, "password"),
    (USERS, "email_key__startswith"),
    (USERS, "is_active__gt"),
    (USERS, "credential_epoch__gte"),
    (USERS, "one_time_tokens__digest__startswith"),
    (USERS, "one_time_tokens__payload__password__startswith"),
    (USERS, "login_sessions__user__password__startswith"),
    (USERS, "pending_logins__digest__startswith"),
    (USERS, "groups__user__password__startswith"),
    (USERS, "logentry__user__password__startswith"),
    (SESSIONS, "user__password__startswith"),
    (SESSIONS, "user"),
    (SESSIONS, "user__id__exact"),
    (SESSIONS, "user__one_time_tokens__digest__startswith"),
    (SESSIONS, "epoch"),
    (LINKS, "digest__startswith"),
    (LINKS, "state__startswith"),
    (LINKS, "payload__password__startswith"),
    (LINKS, "payload__contains"),
    (LINKS, "user__password__startswith"),
    (QUEUE, "args_kwargs__contains"),
    (QUEUE, "traceback__startswith"),
    (QUEUE, "status__startswith"),
    (SWITCHES, "active"),
    (GROUPS, "user__password__startswith"),
    (GROUPS, "user__one_time_tokens__digest__startswith"),
]


@pytest.mark.parametrize(("what", "lookup"), FORBIDDEN, ids=[each for _, each in FORBIDDEN])
def test_a_list_is_not_filtered_by_what_no_filter_offers(desk, what, lookup):
    assert desk.rows(what, **{lookup: "a"}).status_code == 400
    assert desk.rows(what, **{lookup: ""}).status_code == 400


@pytest.mark.parametrize("what", [USERS, SESSIONS, LINKS, GROUPS])
@pytest.mark.parametrize("column", ["password", "digest", "payload", "state", "email_key"])
def test_no_list_or_page_is_keyed_by_a_secret(desk, what, column):
    """What `_to_field` names would be written into every link of a list."""
    assert desk.rows(what, _to_field=column, _popup="1").status_code == 400


@pytest.mark.parametrize("what", [USERS, SESSIONS, LINKS])
def test_no_order_betrays_a_column_that_is_not_shown(desk, full_house, what):
    without = rows_of(desk.rows(what, o="99"))
    assert without
    for order in ("password", "-digest", "-99", "user__password", "password.digest", "-"):
        assert rows_of(desk.rows(what, o=order)) == without


def rows_of(response) -> list[bytes]:
    listed = response.content.partition(b'id="result_list"')[2]
    return re.findall(rb"/([0-9a-f-]{36})/change/", listed)


@pytest.mark.parametrize("query", ["argon2", "pbkdf2", "$"])
def test_the_search_does_not_look_into_secrets(desk, full_house, query):
    for what in (USERS, SESSIONS, LINKS):
        assert b"0 results" in desk.rows(what, q=query).content


@pytest.mark.parametrize("what", [USERS, SESSIONS, LINKS])
def test_characters_that_no_database_stores_are_no_error(desk, what):
    filters = {
        USERS: "is_active__exact",
        SESSIONS: "transport__exact",
        LINKS: "purpose__exact",
    }
    assert desk.rows(what, q="a\0b").status_code == 200
    assert desk.rows(what, **{filters[what]: "a\0b"}).status_code == 400


def test_addresses_are_completed_for_those_who_may_see_the_list(desk, make_staff, user):
    query = {"app_label": "accounts", "model_name": "pendinglogin", "field_name": "user"}
    answer = desk.get("/admin/autocomplete/", **query, term="ada").json()
    assert answer["results"] == [{"id": str(user.pk), "text": user.email}]
    other = Desk.of(make_staff("tokens.view_session"))
    assert other.get("/admin/autocomplete/", **query, term="ada").status_code == 403


def test_models_that_hold_only_secrets_have_no_page(desk, user):
    assert PendingLogin._meta.app_label == "accounts"
    assert desk.get("/admin/accounts/pendinglogin/").status_code == 404


def test_what_strangers_typed_is_text_on_every_page(desk, make_user):
    script = "<script>alert(1)</script>"
    user = make_user("eve@example.com", name=script)
    Api(**{"User-Agent": script}).login(user.email, transport="bearer")
    desk.save(user, name=f"{script}!")
    desk.choose("end_sessions", user, stay="1")
    pages = crawl(desk)
    assert any("&lt;script&gt;alert(1)" in html for html in pages.values())
    assert not [path for path, html in pages.items() if "<script>alert" in html]


@pytest.mark.parametrize(
    "path",
    [
        "/admin/r/{user_type}/nonsense/",
        "/admin/autocomplete/?app_label=tokens&model_name=session&field_name=user&term=a%00b",
        "/admin/django_tasks_database/dbtaskresult/?state=a%00",
        "/admin/django_tasks_database/dbtaskresult/?enqueued_at__year=99999999999",
        "/admin/accounts/user/%00/change/",
        "/admin/accounts/user/?p=99999999999999999999",
    ],
)
def test_odd_queries_are_no_faults(desk, path):
    user_type = ContentType.objects.get_for_model(get_user_model()).pk
    assert desk.get(path.format(user_type=user_type)).status_code < 500


def test_an_odd_choice_is_no_fault(desk):
    choice = {"action": "delete_selected", "_selected_action": "abc"}
    for what in ("auth_group", "accounts_user", "tokens_session"):
        response = desk.post(f"/admin/{what.replace('_', '/')}/", choice)
        assert response.status_code < 500
