"""Mail that the worker renders and sends: one template, written out as text and as HTML."""

import re
from typing import Any

import css_inline
from django.core.mail import EmailMultiAlternatives
from django.template.loader import select_template

from portcullis.conf import conf

# What cannot be inlined, dark colours above all, stays in a <style> for the clients that read it.
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def send(name: str, *, to: str, context: dict[str, Any]) -> None:
    """Render `<name>.mail` as text and as HTML, and send both. The text begins with the subject.

    Called from background tasks only, so that no request waits for SMTP and nobody learns from
    an answer's time whether a mail was sent. Raises what the mail backend raises.
    """
    known = {"product": conf().PRODUCT_NAME, "base_url": conf().BASE_URL, **context}
    first, _, rest = _render(name, "txt", known).strip().partition("\n")
    subject, text = " ".join(first.split()), re.sub(r"\n{3,}", "\n\n", rest.strip()) + "\n"
    known |= {"subject": subject, "preview": text.partition("\n\n")[0]}
    mail = EmailMultiAlternatives(subject=subject, body=text, to=[to])
    mail.attach_alternative(_inliner.inline(_render(name, "html", known)), "text/html")
    mail.extra_headers["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
    mail.send()


def _render(name: str, kind: str, context: dict[str, Any]) -> str:
    """A project may bring `<name>.txt` or `<name>.html` of its own instead of ours."""
    ours = {part: f"portcullis/mail/{part}.{kind}" for part in ("base", "link")}
    template = select_template([f"{name}.{kind}", f"{name}.mail"])
    return str(template.render({**context, **ours}))
