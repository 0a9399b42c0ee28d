"""Paths that lead nowhere and methods that nobody serves: the same shape as every refusal."""

import pytest

from tests.doors import Api, codes
from tests.portcullis.routes import in_shape, methods, mounted, row_counts

pytestmark = pytest.mark.usefixtures("user")

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
NOWHERE = [
    "/",
    "/nothing",
    "/auth",
    "/auth/",
    "/auth/login/",
    "/auth/loginx",
    "//auth/login",
    "/AUTH/LOGIN",
    "/auth/sessions/not-a-uuid",
    "/auth/sessions/00000000-0000-4000-8000-000000000000/",
    "/auth/%00",
    "/auth/%0d%0aX:y",
    "/%ff%fe",
    "/../auth/login",
    "/auth/login;x=1",
    "/" + "x" * 2000,
]
NAMED = {
    "<uuid:session_id>": "00000000-0000-4000-8000-000000000000",
    "<uuid:user_id>": "11111111-1111-4111-8111-111111111111",
    "<slug:slug>": "moderator",
}
QUERIES = {"rbac/explain": f"?user={NAMED['<uuid:user_id>']}&permission=accounts.view_user"}


def filled(path: str) -> str:
    for part, value in NAMED.items():
        path = path.replace(part, value)
    assert "<" not in path, f"{path}: enter what stands for this in NAMED"
    return path


OURS = [
    (filled(path), view)
    for path, view in mounted()
    if view.view_class.__module__.split(".")[0]
    in {"accounts", "tokens", "rbac", "mfa", "portcullis"}
]


@pytest.fixture
def user(make_user):
    """The one whom paths name."""
    return make_user(id=NAMED["<uuid:user_id>"])


@pytest.fixture
def signed_in(user) -> Api:
    return Api().login()


@pytest.mark.parametrize("path", NOWHERE)
def test_a_path_that_leads_nowhere(path):
    api = Api().fetch_csrf()
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = api.client.generic(method, f"/api{path}", b"{", "application/json", secure=True)
        assert answer.status_code == 404, method
        assert in_shape(answer), method
        assert codes(answer) == ["not_found"]


@pytest.mark.parametrize(("path", "view"), OURS, ids=[path for path, _ in OURS])
def test_a_method_that_is_not_served_says_which_are(signed_in, path, view):
    served = methods(view)
    for method in set(EVERY_METHOD) - served - {"HEAD", "OPTIONS"}:
        answer = signed_in.request(method, f"/{path}", {})
        assert (answer.status_code, codes(answer)) == (405, ["method_not_allowed"]), method
        assert in_shape(answer)
        assert served - {"OPTIONS"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", [path for path, _ in OURS])
def test_options_changes_nothing_and_shows_no_inside(signed_in, path):
    before = row_counts()
    answer = signed_in.request("OPTIONS", f"/{path}")
    assert answer.status_code in {200, 401, 403, 404}
    assert "accounts." not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert row_counts() == before


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, view in OURS
        if hasattr(view.view_class, "get") and "head" in view.view_class.http_method_names
    ],
)
def test_head_is_a_get_without_a_body(signed_in, user, path):
    target = f"/{path}{QUERIES.get(path, '')}"
    found = []
    for superuser in (False, True):
        type(user).objects.update(is_superuser=superuser)
        head, get = signed_in.request("HEAD", target), signed_in.get(target)
        assert head.status_code == get.status_code
        assert head.content == b""
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
        found.append(get.status_code)
    assert found == [403 if path.startswith("rbac/") else 200, 200]


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "*/*", "", "nonsense", "a/b;q=x"]
)
def test_json_is_answered_whatever_is_asked_for(accept):
    for path, status in (("/auth/csrf", 200), ("/users/profile", 401), ("/nothing", 404)):
        answer = Api().get(path, Accept=accept)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "query", ["?format=xml", "?format=api", "?cursor=%00", "?cursor=x", "?a[]=1"]
)
def test_a_query_nobody_knows_breaks_nothing(signed_in, query):
    for path in ("/auth/sessions", "/users/profile", "/auth/csrf"):
        answer = signed_in.get(f"{path}{query}")
        assert answer.status_code in {200, 404}
        assert answer.status_code == 200 or in_shape(answer)


@pytest.mark.parametrize("path", [path for path, _ in OURS])
def test_no_answer_may_be_stored_by_a_cache(signed_in, path):
    for method in ("GET", "POST", "DELETE"):
        assert "no-store" in signed_in.request(method, f"/{path}").headers["Cache-Control"]
