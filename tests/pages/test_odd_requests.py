"""Requests that no browser sends: a clear refusal, never a fault."""

import pytest

from tests.doors import ORIGIN, Form, Pages, shown

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PATHS = ["login", "register", "verify-email", "password/reset"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=", "x"),
        ("multipart/form-data", "x"),
        (FORM, "&".join(f"a{i}=1" for i in range(5000))),
    ],
)
def test_a_body_that_cannot_be_read_is_a_bad_request(pages, path, content_type, body):
    pages.visit("/accounts/login/")

    response = pages.client.generic(
        "POST",
        f"/accounts/{path}/",
        body,
        content_type=content_type,
        secure=True,
        headers={"Origin": ORIGIN},
    )

    assert response.status_code == 400
    assert "Bad request" in shown(response)


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "unicode_escape"])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=B"])
@pytest.mark.parametrize("path", PATHS)
def test_no_client_chooses_the_charset(pages, path, content_type, charset):
    pages.visit("/accounts/login/")
    surrogate = "+2AA-"
    body = f"email={surrogate}&password={surrogate}&name={surrogate}&token={surrogate}"

    response = pages.client.generic(
        "POST",
        f"/accounts/{path}/?token=%2B2AA-&next=/%2B2AA-",
        body,
        content_type=f"{content_type}; charset={charset}",
        secure=True,
        headers={"Origin": ORIGIN, "X-CSRFToken": pages.client.cookies["__Host-csrftoken"].value},
    )

    assert response.status_code in (200, 302, 400)


@pytest.mark.parametrize(
    "path",
    ["/accounts/verify-email/", "/accounts/password/reset/confirm/", "/api/auth/verify-email"],
)
def test_a_token_in_another_charset_is_a_dead_one(pages, path):
    response = pages.client.generic(
        "GET", f"{path}?token=%2B2AA-", content_type="text/plain; charset=utf-7", secure=True
    )

    assert response.status_code in (302, 400)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "odd",
    [
        "email=%00%40b.c&password=%00&name=%00&token=%00&next=%00",
        "email=%ff%fe%40x.de&password=%ff&name=%ff&token=%ff",
        "email=%ed%a0%80%40x.de&password=%ed%a0%80x&name=%ed%a0%80&token=%ed%a0%80",
        "email=a%40b.de&email=c%0d%0aBcc%3Ax%40d.de&password=x&name=a%0d%0ab",
        "email=" + "a" * 50_000,
        "email=a%40&name=x&password=" + "%C3%A9" * 5000,
        "",
    ],
)
def test_odd_text_is_an_error_in_the_form(pages, path, odd):
    page = pages.visit(f"/accounts/{path}/")
    token = Form(page.content.decode()).hidden["csrfmiddlewaretoken"]

    response = pages.client.generic(
        "POST",
        f"/accounts/{path}/",
        f"csrfmiddlewaretoken={token}&{odd}",
        content_type=FORM,
        secure=True,
        headers={"Origin": ORIGIN},
    )

    dead_link = path in {"register", "verify-email"} and "token=" in odd
    assert response.status_code == (302 if dead_link else 200)


@pytest.mark.parametrize(
    "cookie",
    [
        {"__Host-sessionid": "garbage"},
        {"__Host-sessionid": "../../etc/passwd"},
        {"__Host-sessionid": "abcdefgh\0x"},
        {"__Host-messages": "garbage"},
        {"__Host-messages": "x" * 3000},
        {"__Host-csrftoken": "x"},
        {"__Host-access": "garbage", "__Secure-refresh": "garbage"},
    ],
)
def test_garbage_in_a_cookie_breaks_no_page(user, cookie):
    browser = Pages()
    for name, value in cookie.items():
        browser.client.cookies[name] = value

    assert browser.visit("/accounts/profile/").status_code == 302
    assert browser.log_in()["Location"] == "/accounts/profile/"
    assert browser.signed_in
