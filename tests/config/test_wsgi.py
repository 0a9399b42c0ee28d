"""The application as a server calls it."""

import io

import pytest

from config.wsgi import application


@pytest.mark.parametrize("charset", ["idna", "rot13", "utf-16", "no-such-charset"])
def test_no_charset_of_a_client_breaks_the_request(charset):
    heads = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/accounts/login/",
        "QUERY_STRING": "next=%C3%A9",
        "CONTENT_TYPE": f"text/plain; charset={charset}",
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

    assert heads == ["200 OK"]
