"""Mail that the worker renders and sends: one template for text, one for HTML."""

from typing import Any

import css_inline
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from portcullis.conf import conf

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def send(name: str, *, to: str, context: dict[str, Any]) -> None:
    """Render `<name>.txt` (its first line is the subject) and `<name>.html`, and send them.

    Called from background tasks only, so that no request waits for SMTP and nobody learns from
    an answer's time whether a mail was sent. Raises what the mail backend raises.
    """
    known = {"product": conf().PRODUCT_NAME, "base_url": conf().BASE_URL, **context}
    subject, _, text = render_to_string(f"{name}.txt", known).strip().partition("\n")
    mail = EmailMultiAlternatives(subject=subject.strip(), body=text.strip() + "\n", to=[to])
    mail.attach_alternative(_inliner.inline(render_to_string(f"{name}.html", known)), "text/html")
    mail.extra_headers["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
    mail.send()
