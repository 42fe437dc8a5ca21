"""How is PostgreSQL opened? Under verified TLS, with bounded waits; writers take turns, readers see one state.

All writers of all controllers take one advisory lock for their transaction, as SQLite's do with its file: what
a block has read is still so when it writes.
"""

from __future__ import annotations

import psycopg
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.engine import URL

from controller.store.errors import StoreUnusableError
from controller.store.fence import bound
from controller.store.server import PATIENCE, Server, to_json

__all__ = ["postgres_engine", "trust_of"]

# The advisory lock of those who write: "2line" as a number, the same in every version.
_WRITERS = 0x326C696E65
_CONNECT_WITHIN = 10
_LIMITS = {
    "lock_timeout": f"{PATIENCE:.0f}s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "300s",
    "timezone": "UTC",
}


def postgres_engine(server: Server) -> Engine:
    """The database on this server. Connects when it is first used, and again after the server was restarted."""
    url = make_url(server.url).set(drivername="postgresql+psycopg")
    if server.password:
        url = url.set(password=server.password)
    arguments: dict[str, object] = {
        "application_name": "secondline",
        "connect_timeout": _CONNECT_WITHIN,
        "options": " ".join(f"-c {name}={value}" for name, value in _LIMITS.items()),
    }
    arguments |= trust_of(server)
    engine = create_engine(url, connect_args=arguments, json_serializer=to_json, pool_pre_ping=True)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _told)
    return engine


def trust_of(server: Server) -> dict[str, str]:
    """How the server proves who it is, in the words of libpq: verified TLS wherever something goes over a network."""
    return (
        {}
        if _is_here(make_url(server.url))
        else {"sslmode": "verify-full", "sslrootcert": server.ca or "system"}
    )


def _is_here(url: URL) -> bool:
    """Say whether nothing goes over a network: a socket's folder, or the loopback address as a number."""
    host = url.host or url.query.get("host", "")
    return isinstance(host, str) and (host.startswith("/") or host in {"127.0.0.1", "::1"})


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    # Whose rows this piece of work may see: of ids alone, so that nothing in it ends the text.
    fenced = f"SET LOCAL secondline.customers = '{bound()}'"
    if not options.get("writes"):
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; {fenced}")
        return
    # READ COMMITTED, so that everything after the lock sees what its last holder wrote.
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE; {fenced}")
    connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {'on' if options.get('durable') else 'off'}")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})").close()


def _told(context: ExceptionContext) -> None:
    """What no statement of ours can cause is told as what it is; a connection that is only tried is tried anew."""
    cause = context.original_exception
    if context.is_pre_ping:
        return
    if isinstance(cause, psycopg.OperationalError | psycopg.errors.InsufficientPrivilege):
        url = context.engine.url if context.engine else None
        where = f"{url.database} on {url.host or url.query.get('host')}" if url else "the store"
        raise StoreUnusableError(
            f"the database {where} cannot be used: {str(cause).strip()}; see that the server runs and can be "
            "reached, that its certificate and [store] in settings.toml fit, and that this account may write there"
        ) from cause
