"""The base of every page that a mailed link opens."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from accounts import links
from accounts.errors import LinkInvalid
from accounts.models import OneTimeToken, Purpose
from portcullis.pages import FormPage
from portcullis.problems import log_refusal


class LinkPage(FormPage):
    """Where a mailed link leads. A visit spends nothing, for mail scanners visit; its button posts.
    A dead link leads on to where another can be asked for."""

    purpose: Purpose
    another: str
    link: OneTimeToken
    no_mistakes = (LinkInvalid,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        named = request.POST if request.method == "POST" else request.GET
        try:
            self.link = links.find(self.purpose, named.get("token", ""))
            return super().dispatch(request, *args, **kwargs)
        except LinkInvalid as error:
            log_refusal(request, error)
            messages.error(request, error.message)
            return redirect(self.another)

    def get_initial(self) -> dict[str, Any]:
        return {"token": self.request.GET.get("token", "")}
