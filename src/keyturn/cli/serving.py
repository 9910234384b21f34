"""The server under way: one process or several on the same sockets, told by signals to stop or to look again."""

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

import uvicorn

from keyturn.app import Composition, Instance, compose
from keyturn.cli.door import home_choices
from keyturn.config import Config, mail_password, pepper
from keyturn.core.types import Frozen
from keyturn.http import logs
from keyturn.http.protocol import limited
from keyturn.http.server import Limits
from keyturn.mail import Relay

log = logging.getLogger("keyturn")
DRAIN = 30
"""Seconds that requests under way are given after SIGTERM."""
PAUSE = 1.0
STOPS = (signal.SIGTERM, signal.SIGINT)


class Plan(Frozen):
    """What is served: the configuration, the certificate if there is one, and where the configuration is read again."""

    config: Config
    certificate: str = ""
    key: str = ""
    reread: Callable[[], Config] | None = None


class Early:
    """Whether this process was told to stop before it served: signals are heard from the making of this on."""

    def __init__(self) -> None:
        self.told = False
        for number in STOPS:
            signal.signal(number, self._hear)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.told = True


class Server(uvicorn.Server):
    """uvicorn's server that ends in order on SIGTERM and SIGINT, and looks again at its files on SIGHUP."""

    def __init__(self, plan: Plan, instance: Instance, early: Early) -> None:
        config = plan.config
        super().__init__(
            uvicorn.Config(
                instance.application, http=limited(config.limits.header, float(config.limits.deadline)), loop="uvloop",
                lifespan="on", log_config=None, access_log=False, server_header=False, proxy_headers=False,
                timeout_graceful_shutdown=DRAIN, ssl_certfile=plan.certificate or None, ssl_keyfile=plan.key or None,
                # Asked for and not demanded: who has none may still show a token.
                ssl_ca_certs=config.tls.client_ca or None,
                ssl_cert_reqs=ssl.CERT_OPTIONAL if config.tls.client_ca else ssl.CERT_NONE,
            )
        )  # fmt: skip
        self._plan = plan
        self._early = early

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours while the server runs; none is raised again afterwards, so the exit code is 0."""
        handlers: dict[int, Any] = {number: signal.signal(number, self._stop) for number in STOPS}
        handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._look_again)
        self.should_exit = self.should_exit or self._early.told
        try:
            yield
        finally:
            for number, before in handlers.items():
                signal.signal(number, before)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        log.info("stopping: requests under way are finished first")
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True

    def _look_again(self, number: int, frame: FrameType | None) -> None:
        look_again(self._plan)
        context = self.config.ssl
        if context is None:
            return
        try:
            context.load_cert_chain(self._plan.certificate, self._plan.key)
            if self._plan.config.tls.client_ca:
                context.load_verify_locations(self._plan.config.tls.client_ca)
            log.info("the certificate was read again")
        except (OSError, ssl.SSLError) as error:
            log.error("the certificate could not be read again; the old one stays: %s", error)


def look_again(plan: Plan) -> None:
    """Lines are logged from the level that the configuration now says."""
    try:
        level = (plan.reread or (lambda: plan.config))().log_level
    except Exception as error:  # a signal never ends a server that works, whatever the file says now
        log.error("the configuration could not be read again; nothing is changed: %s", error)
        return
    logs.set_level(level)
    log.info("the log level is %s", level)


def composition(config: Config) -> Composition:
    """What the configuration makes of an instance."""
    return Composition(
        config.database_url(), config.key(), config.off(), Limits(config.limits.body, float(config.limits.deadline)),
        config.rule(), pepper(config), config.argon2.concurrency, frozenset(config.trusted_proxies), relay(config),
        home_choices(config),
    )  # fmt: skip


def relay(config: Config) -> Relay | None:
    """Who takes our mails by the configuration; None where it names nobody."""
    mail = config.mail
    if not mail.host:
        return None
    return Relay(
        mail.host, config.public_url, mail.from_, port=mail.port, tls=mail.tls, user=mail.user,
        password=mail_password(config),
    )  # fmt: skip


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; OSError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.create_server((host, port), family=family, backlog=2048)
    sock.set_inheritable(True)
    return sock


def serve(plan: Plan, instance: Instance, sock: socket.socket, early: Early) -> None:
    """This process serves until it is told to stop; the instance is closed then."""
    try:
        Server(plan, instance, early).run(sockets=[sock])
    finally:
        instance.close()


def serve_many(plan: Plan, workers: int, sock: socket.socket, early: Early) -> None:
    """That many processes serve until this one is told to stop; one that dies is replaced."""
    spawn = multiprocessing.get_context("spawn")
    stop = threading.Event()
    children: list[SpawnProcess] = []

    def start() -> SpawnProcess:
        child = spawn.Process(target=work, args=(plan, sock), name="keyturn worker")
        child.start()
        return child

    def told(number: int, frame: FrameType | None) -> None:
        stop.set()

    def again(number: int, frame: FrameType | None) -> None:
        look_again(plan)
        for child in children:
            os.kill(child.pid or 0, signal.SIGHUP)

    # Handlers first: a signal that comes while children start must not end this process without them.
    for number in STOPS:
        signal.signal(number, told)
    signal.signal(signal.SIGHUP, again)
    if early.told:
        return
    children.extend(start() for _ in range(workers))
    while not stop.wait(0.2):
        for at, child in enumerate(children):
            if not child.is_alive() and not stop.is_set():
                log.error("a worker ended by itself (exit %s); another one starts", child.exitcode)
                time.sleep(PAUSE)
                children[at] = start()
    log.info("stopping %d workers", len(children))
    for child in children:
        child.terminate()
    for child in children:
        child.join(DRAIN + 5)
        if child.is_alive():
            child.kill()


def work(plan: Plan, sock: socket.socket) -> None:
    """One of several processes: it serves until told to stop, or until its parent is gone."""
    early = Early()
    logs.set_up(plan.config.log, plan.config.log_level)
    threading.Thread(target=_follow_parent, name="parent", daemon=True).start()
    serve(plan, compose(composition(plan.config)), sock, early)


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
