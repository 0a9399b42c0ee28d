"""How gunicorn serves the project: `gunicorn config.wsgi -c config/gunicorn.conf.py`."""

worker_class = "gthread"  # threads buffer slow clients; a sync worker would be held by each
workers = 2
threads = 4
timeout = 30
graceful_timeout = 20
keepalive = 5
limit_request_line = 4094
limit_request_field_size = 8190
# The path without its query: links carry one-time tokens there.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
control_socket_disable = True  # it would be one path for every site of this user
