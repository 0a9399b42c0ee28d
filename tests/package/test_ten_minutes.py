"""README's ten minutes, executed: a project that is not ours installs the wheel and uses it."""

import re

import pytest

from tests.doors import PASSWORD
from tests.package.host import Browser, Host, heard
from tests.package.readme import Block, blocks, section

TITLE = "In your own project, in ten minutes"
EMAIL = "grace@example.com"


@pytest.fixture(scope="module")
def host(built, uv, tmp_path_factory):
    """Every block, in its order, servers last; only a path and a port are put in."""
    steps = [*blocks(section(TITLE)), *blocks(section("Looks"))]
    host = Host(tmp_path_factory.mktemp("host"), uv)
    try:
        for block in sorted(steps, key=is_server):
            if block.language != "sh":
                host.write(block)
            elif not is_server(block):
                host.said = host.run(block.text.replace("/path/to/portcullis", str(built.wheel)))
            elif "runserver" in block.text:
                server = host.serve(f"{block.text.strip()} {host.port}")
                heard(server, "Starting development server")
            else:
                host.worker = host.serve(block.text.strip())
        yield host
    finally:
        host.stop()


def is_server(block: Block) -> bool:
    return block.language == "sh" and bool(re.search("runserver|db_worker", block.text))


@pytest.fixture(scope="module")
def grace(host):
    """Registers through the API, and confirms her address on the page that the mail leads to."""
    browser = Browser(host.url)
    registered = browser.post(
        "/api/auth/register", {"email": EMAIL, "password": PASSWORD, "name": "Grace <b>Hopper"}
    )
    assert registered.status == 202
    link = heard(host.worker, r"http://\S+\?token=[\w-]+")
    assert link.startswith(f"{host.url}/accounts/verify-email/")
    confirmed = browser.submit(link)
    assert (confirmed.status, confirmed.path) == (200, "/accounts/login/")
    return browser


@pytest.fixture
def browser(host, grace):
    return Browser(host.url)


def test_the_apps_come_from_the_wheel_and_nothing_is_amiss(host):
    where = host.run("python -c 'import accounts; print(accounts.__file__)'")
    assert "/site-packages/accounts/" in where
    assert "no issues (0 silenced)" in host.said
    assert "Superuser created" in host.said
    assert "No changes" in host.run("python manage.py makemigrations --check --dry-run")


def test_a_page_of_theirs_wants_somebody_signed_in(browser):
    assert browser.get("/").path == "/accounts/login/"

    home = browser.submit("/accounts/login/?next=/", email=EMAIL, password=PASSWORD)
    assert home.path == "/"
    assert "<h1>Hello, Grace &lt;b&gt;Hopper</h1>" in home.text

    assert browser.submit("/").path == "/accounts/login/"  # the button in the header logs out
    assert browser.get("/").path == "/accounts/login/"


def test_an_endpoint_of_theirs_takes_the_cookies_of_either_login(browser):
    assert browser.get("/api/hello").status == 401
    browser.submit("/accounts/login/", email=EMAIL, password=PASSWORD)
    assert browser.get("/api/hello").json == {"hello": EMAIL}

    other = Browser(browser.url)
    other.get("/api/auth/csrf")
    assert other.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD}).status == 200
    assert other.get("/api/hello").json == {"hello": EMAIL}
    assert "Hello, Grace" in other.get("/").text
    assert other.post("/api/auth/refresh", {}).status == 200
    assert other.post("/api/auth/logout", {}).status == 204
    assert other.get("/api/hello").status == 401
    assert other.get("/").path == "/accounts/login/"
    assert browser.get("/api/hello").status == 200


def test_an_endpoint_of_theirs_takes_a_bearer_token_until_its_session_ends(browser):
    login = {"email": EMAIL, "password": PASSWORD, "transport": "bearer"}
    bearer = {"Authorization": f"Bearer {browser.post('/api/auth/login', login).json['access']}"}
    assert browser.get("/api/hello", **bearer).json == {"hello": EMAIL}
    assert browser.post("/api/auth/logout", {}, **bearer).status == 204
    refused = browser.get("/api/hello", **bearer)
    assert (refused.status, refused.json["errors"][0]["code"]) == (401, "token_invalid")


def test_their_admin_is_behind_the_one_login_page(browser):
    assert browser.get("/admin/").path == "/accounts/login/"
    browser.submit("/accounts/login/", email="ada@example.com", password=PASSWORD)
    assert browser.get("/admin/").path == "/admin/"
    assert EMAIL in browser.get("/admin/people/user/").text


def test_their_theme_and_our_static_files_are_found(browser):
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', browser.get("/accounts/login/").text)
    assert {"/static/portcullis/portcullis.css", "/static/people/theme.css"} <= set(found)
    assert {browser.get(path).status for path in found} == {200}
