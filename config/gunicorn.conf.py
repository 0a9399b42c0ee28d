"""How gunicorn serves the project: `gunicorn config.wsgi -c config/gunicorn.conf.py`."""

# Two processes for two cores; with more of them, more processes. Each hashes HASHING_SLOTS
# passwords at once (19 MiB each) and lets HASHING_QUEUE more wait.
workers = 2
worker_class = "gthread"  # threads buffer slow clients; a sync worker would be held by each
# More than may hash or wait for it (2 + 4): a flood of logins leaves two threads to everybody else.
# No more than the database's pool of a process has connections.
threads = 8
# A worker that does not answer the master for so long is killed: beyond statement_timeout (15 s).
timeout = 30
graceful_timeout = 20
keepalive = 5
# An address or a header longer than these comes from nobody's browser. Bodies: MAX_BODY_BYTES.
limit_request_line = 4094
limit_request_field_size = 8190
# The path without its query: links carry one-time tokens there.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s %(M)sms'
control_socket_disable = True  # it would be one path for every site of this user
