"""The page at the root: where a visitor of the ready-to-run project begins."""

from django.conf import settings

from accounts.flows.registration import registration_mode
from portcullis.pages import Page


class HomePage(Page):
    template_name = "home.html"
    extra_context = {"debug": settings.DEBUG, "registration": registration_mode}
