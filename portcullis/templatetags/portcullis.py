"""What every page's frame needs to know, also an error page that no view of ours renders."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.timesince import timesince

from portcullis.conf import conf
from portcullis.places import place_of

register = template.Library()
register.filter(place_of)


@register.filter
def ago(moment: datetime) -> str:
    """How long ago, in its largest unit."""
    seconds = (timezone.now() - moment).total_seconds()
    return f"{timesince(moment, depth=1)} ago" if seconds >= 60 else "just now"


@register.simple_tag
def product_name() -> str:
    return conf().PRODUCT_NAME
