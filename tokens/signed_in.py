"""Pages for whoever is signed in: the counterpart of SignedInEndpoint."""

from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.views.generic.base import View

from portcullis.errors import AuthError
from portcullis.problems import log_refusal
from tokens.authentication import restricted
from tokens.conf import conf
from tokens.errors import TokenInvalid
from tokens.models import Restriction, Session


def prove_first(back: str) -> HttpResponse:
    """Step-up on pages: to where the session's user proves again who they are, then `back`, a URL
    or the name of one."""
    return redirect_to_login(resolve_url(back), resolve_url(conf().PROOF_PAGE))


class SignedIn(View):
    """Mixed into a page: others log in first. `allow_restricted` lists the restrictions it serves;
    a session that is restricted to another step is led there. With `step_up`, whoever has not
    proven who they are within the last minutes does so first and comes back."""

    allow_restricted: frozenset[Restriction] = frozenset()
    step_up = False
    after_proof = ""
    """Where the proof leads to, if not back to the page."""
    no_mistakes: tuple[type[AuthError], ...] = (TokenInvalid,)

    @property
    def session(self) -> Session:
        """The live row behind this browser's Django session; its user is loaded."""
        return cast("Session", self.request.login_session)  # type: ignore[attr-defined]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.session:
            return redirect_to_login(request.get_full_path())
        restriction = self.session.restriction
        if restriction and restriction not in self.allow_restricted:
            if restriction not in conf().STEP_PAGES:
                raise restricted(restriction)
            return redirect(conf().STEP_PAGES[restriction])
        if self.step_up and not self.session.recently_proven():
            if restriction:  # which the page of proofs does not serve: by a new login
                return redirect_to_login(request.get_full_path())
            return prove_first(self.after_proof or request.get_full_path())
        try:
            return super().dispatch(request, *args, **kwargs)
        except TokenInvalid as error:  # it ended while this request was on its way
            log_refusal(request, error)
            return redirect_to_login(request.get_full_path())
