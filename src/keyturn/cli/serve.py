"""`keyturn serve`: the server, from the command line."""

import datetime
import functools
import ipaddress
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from keyturn import __version__
from keyturn.cli import door
from keyturn.cli.frame import MISUSED, Command, Trouble, shared, warn
from keyturn.config import Config, Tls, file_faults, read

if TYPE_CHECKING:
    from keyturn.app import Instance
    from keyturn.cli.serving import Plan

LOCAL_NAMES = ("localhost", "localhost.localdomain")


@click.command(
    "serve",
    cls=Command,
    examples=(
        "keyturn serve",
        "keyturn serve --listen 0.0.0.0:8200 --tls-cert full.pem --tls-key key.pem --workers 4",
        "keyturn serve --listen 0.0.0.0:8200 --tls-self-signed",
    ),
)
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; default 127.0.0.1:8200.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N", help="Processes.")
@click.option("--tls-cert", metavar="F", help="The certificate, with those that lead to its root.")
@click.option("--tls-key", metavar="F", help="Its private key.")
@click.option("--tls-self-signed", is_flag=True, help="Https with a certificate made here.")
@click.option("--plain-http", is_flag=True, help="Plain HTTP also beyond this computer.")
def serve(workers: int, plain_http: bool, tls_self_signed: bool, **given: str | None) -> None:
    """Serve until SIGTERM, which drains; SIGHUP reads certificates and the log level again."""
    click.get_current_context().meta["keyturn.listen"] = given["listen"]
    config = _config(given["tls_cert"], given["tls_key"], tls_self_signed)
    host, port = split(config.listen)
    if not (config.tls.cert or tls_self_signed or plain_http or config.trusted_proxies or loopback(host)):
        raise Trouble(
            f"plain HTTP on {config.listen} would show every password and token on the way.",
            ["Nothing was started."],
            "--tls-cert and --tls-key, --tls-self-signed, trusted_proxies in the configuration, or --plain-http",
            MISUSED,
        )
    _run(config, host, port, workers, tls_self_signed)


def split(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def loopback(host: str) -> bool:
    """Whether only this computer can connect there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in LOCAL_NAMES


def _config(certificate: str | None, key: str | None, self_signed: bool) -> Config:
    config = door.config()
    if self_signed and (certificate or key):
        raise click.UsageError("--tls-self-signed does not go with --tls-cert and --tls-key.")
    if bool(certificate) != bool(key):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    if certificate and key:
        config = replace(config, tls=Tls(certificate, key, config.tls.client_ca))
    faults = [*file_faults(config), *door.foreign_choices(config).faults]
    if faults:
        raise door.bad_config(faults)
    return config


def _run(config: Config, host: str, port: int, workers: int, self_signed: bool) -> None:
    from keyturn.cli import serving
    from keyturn.http import logs

    door.ours(config, make=True)
    logs.set_up(config.log, config.log_level)
    plan = _plan(config, host, self_signed)
    try:
        sock = serving.listen(host, port)
    except OSError as error:
        raise Trouble(f"{config.listen} cannot be listened on: {error.strerror}.", hint="--listen HOST:PORT") from error
    early = serving.Early()
    instance = _composed(config)
    _greet(plan, instance, sock.getsockname()[1], host)
    if workers == 1:
        serving.serve(plan, instance, sock, early)
        return
    instance.close()
    serving.serve_many(plan, workers, sock, early)


def _plan(config: Config, host: str, self_signed: bool) -> "Plan":
    from keyturn.cli.serving import Plan

    named = shared("config") or os.environ.get("KEYTURN_CONFIG")
    again = functools.partial(_reread, Path(named) if named else None)
    if not self_signed:
        return Plan(config, config.tls.cert, config.tls.key, again)
    from keyturn.cli.certificates import self_signed as made

    files = made(config.folder(), host, datetime.datetime.now(datetime.UTC))
    return Plan(config, str(files.certificate), str(files.key), again)


def _reread(file: Path | None) -> Config:
    return read(file, os.environ, {})


def _composed(config: Config) -> "Instance":
    from keyturn.app import compose
    from keyturn.cli.serving import composition
    from keyturn.store.engine import Unavailable
    from keyturn.store.instance import Refused

    try:
        return compose(composition(config))
    except (Refused, Unavailable) as error:
        raise door.refused(str(error)) from error


def _greet(plan: "Plan", instance: "Instance", port: int, host: str) -> None:
    """What was started, where, and how the first administrator is made: told on stderr."""
    config = plan.config
    scheme = "https" if plan.certificate else "http"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    new = "   new" if instance.new else ""
    key = "   made now, mode 0600; keep a copy apart from the database" if instance.new else ""
    warn(f"keyturn {__version__}")
    warn(f"  listening    {url}{'   this computer only' if loopback(host) else ''}")
    warn(f"  database     {door.shown_url(config.database_url())}{new}")
    warn(f"  sealing key  {config.key()}{key}")
    if plan.certificate:
        from keyturn.cli.certificates import fingerprint

        warn(f"  certificate  {plan.certificate}   SHA-256 {fingerprint(Path(plan.certificate))}")
    _tell_setup(config, instance, url, bool(plan.certificate))


def _tell_setup(config: Config, instance: "Instance", url: str, tls: bool) -> None:
    from keyturn.app import remove_setup_code, setup_code, write_setup_code

    code = setup_code(instance.house)
    if code is None:
        remove_setup_code(config.folder())
        return
    file = write_setup_code(config.folder(), code)
    body = '{"code": "CODE", "login": "jean", "password": "PASSWORD"}'
    trust = f" --cacert {config.folder() / 'tls-certificate.pem'}" if tls and not config.tls.cert else ""
    warn("\nThere is no administrator yet, and nothing else works until there is one. Either:")
    warn(f"  set-up code  {code.reveal()}")
    warn(f"               works once, for 24 hours or until the next start; also in {file}")
    warn(f"    curl{trust} {url}/v1/setup -H 'Content-Type: application/json' -d '{body}'")
    warn(f"  shell        {_program()} user add jean --admin{_flags()}\n")


def _program() -> str:
    """How this program is called from here: by its name where that is found, else by the path it was started with."""
    return "keyturn" if shutil.which("keyturn") else sys.argv[0]


def _flags() -> str:
    """The flags that lead the other command to the same store."""
    given: list[tuple[str, Any]] = [(name, shared(name)) for name in ("config", "database", "data_dir")]
    shown = [(name, door.shown_url(value)) for name, value in given if value]
    return "".join(f" --{name.replace('_', '-')} {value}" for name, value in shown)
