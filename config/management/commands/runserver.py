"""`runserver` that bears more than ten clients knocking at once."""

from django.contrib.staticfiles.management.commands.runserver import Command as Runserver
from django.core.servers.basehttp import WSGIServer


class PatientServer(WSGIServer):
    request_queue_size = 512  # connections that wait to be accepted; Django's ten resets the rest


class Command(Runserver):
    server_cls = PatientServer
