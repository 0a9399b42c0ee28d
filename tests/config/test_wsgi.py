"""The application as a server calls it."""

import io

import pytest

from config.wsgi import application


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "parameter",
    [
        "charset=idna",
        "charset=rot13",
        "charset=utf-16",
        "charset=no-such-charset",
        "a*=foo''b",
        "a*0*=x''b",
        "a*=idna''%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/api/auth/csrf", "/api/auth/login"])
def test_no_content_type_of_a_client_breaks_the_request(path, method, parameter):
    heads = []
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "next=%C3%A9",
        "CONTENT_TYPE": f"text/plain; {parameter}",
        "SERVER_NAME": "portcullis.test",
        "SERVER_PORT": "443",
        "HTTP_HOST": "portcullis.test",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }

    response = application(environ, lambda status, headers: heads.append(status))
    response.close()

    assert heads[0][:3] in {"200", "400", "403", "405", "415"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/healthz", "/api/auth/csrf", "/accounts/login/"])
def test_a_query_of_a_thousand_fields_is_answered_with_all_headers(pages, path):
    response = pages.visit(f"{path}?{'a=1&' * 1001}")

    assert response.status_code in {200, 400}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Request-ID"]
