"""A session's device in templates."""

from django import template

from tokens.devices import device_label

register = template.Library()
register.filter(device_label)
