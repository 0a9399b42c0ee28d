"""The cookies that carry tokens: the only place that names one."""

import dataclasses
from collections.abc import Callable
from typing import Literal

from django.http import HttpRequest, HttpResponse

from portcullis.conf import conf as portcullis_conf
from tokens.conf import conf

LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"  # for clocks behind ours, as Django deletes its own


@dataclasses.dataclass(frozen=True, slots=True)
class Cookie:
    """One descriptor for setting and deleting: attributes that differ would leave it standing."""

    base: str
    prefix: Literal["__Host-", "__Secure-"]
    path: Callable[[], str]

    @property
    def name(self) -> str:
        return self.prefix + self.base if portcullis_conf().secure else self.base

    def read(self, request: HttpRequest) -> str | None:
        return request.COOKIES.get(self.name) or None

    def set(self, response: HttpResponse, value: str, *, max_age: int | None) -> None:
        """`max_age` in seconds; None keeps it until the browser closes."""
        self._write(response, value, max_age=max_age, expires=None)

    def clear(self, response: HttpResponse) -> None:
        self._write(response, "", max_age=0, expires=LONG_AGO)

    def _write(
        self, response: HttpResponse, value: str, *, max_age: int | None, expires: str | None
    ) -> None:
        response.set_cookie(
            self.name,
            value,
            max_age=max_age,
            expires=expires,
            path=self.path(),
            secure=portcullis_conf().secure,
            httponly=True,
            samesite="Strict",
        )


ACCESS = Cookie("access", "__Host-", lambda: "/")
REFRESH = Cookie("refresh", "__Secure-", lambda: conf().REFRESH_PATH)


def clear_all(response: HttpResponse) -> None:
    ACCESS.clear(response)
    REFRESH.clear(response)
