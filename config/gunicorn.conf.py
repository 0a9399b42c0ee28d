"""How gunicorn serves the project: `gunicorn config.wsgi -c config/gunicorn.conf.py`."""

# Expects a proxy in front that ends TLS and buffers: what is slow on the way holds no thread here.
# Two processes for two cores; with more of them, more processes. Each hashes HASHING_SLOTS
# passwords at once (cores divided by processes, LANE at most) and lets HASHING_QUEUE more wait: who
# logs in may find all others of the moment in the same process.
workers = 2
# Whoever wants a password hashed waits in a lane of four threads (LANE), in a line as long as
# HASHING_SLOTS + HASHING_QUEUE (1 + 20), and is refused beyond it.
worker_class = "config.worker.Worker"
# For everybody else. With the lane no more than the pool of a process may have connections, 16
# (config/settings.py): nobody waits for the connection of somebody who waits to hash.
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
