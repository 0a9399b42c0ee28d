"""Databases of a test's own inside of the suite's PostgreSQL."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from environ import Env
from psycopg import sql


@contextmanager
def copy_of(template: str) -> Iterator[str]:
    """The name of a new database, which is dropped in the end."""
    name = f"live_{uuid.uuid4().hex}"
    with connected(os.environ["DATABASE_URL"]) as server:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield name
    finally:
        with connected(os.environ["DATABASE_URL"]) as server:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


def url_of(name: str) -> str:
    server = urlsplit(os.environ["DATABASE_URL"])
    return server._replace(path=f"{server.path.rpartition('/')[0]}/{name}").geturl()


def connected(url: str) -> psycopg.Connection:
    place = Env.db_url_config(url)
    return psycopg.connect(
        host=place["HOST"] or None,
        port=place["PORT"] or None,
        user=place["USER"] or None,
        password=place["PASSWORD"] or None,
        dbname=place["NAME"],
        autocommit=True,
    )
