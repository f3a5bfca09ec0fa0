"""The real daemon and the real command line (build/jit-coordinator)."""

import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from .people import wait_until
from .server import ROOT

BINARY = str(ROOT / "build" / "jit-coordinator")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One `jit-coordinator run`; ready, by its own notification, when the constructor returns.

    `api` is what stands in the table [api] besides `listen`; None: no API. With it the targets are reached over TCP,
    which asks for passwords, unless `trust` says otherwise."""

    def __init__(self, *shops, poll_interval="2s", audit="", wait=True, api=None, port=None, trust=False, gateway=True):
        self.directory = tempfile.TemporaryDirectory(prefix="jit_daemon.")
        base = Path(self.directory.name)
        self.config = base / "jit-coordinator.toml"
        self.port = port or (free_port() if api is not None else None)
        self._shops, self._trust, self.gateway = shops, trust or api is None, gateway
        self._general = f'poll_interval = "{poll_interval}"\n[audit]\n{audit}\n'
        self.configure(api)
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(base / "notify"))
        self._notify.settimeout(30)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        environment["NOTIFY_SOCKET"] = str(base / "notify")
        self._log = open(base / "log", "w+")
        self.process = subprocess.Popen([BINARY, "run", "--config", str(self.config)],
                                        env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self._log, stderr=subprocess.STDOUT)
        if wait:
            self.wait_for_notification("READY=1")

    def configure(self, api):
        """Writes the configuration; it counts from the start or the next reload on."""
        text = self._general
        if api is not None:
            text += f'[api]\nlisten = "127.0.0.1:{self.port}"\n{api}\n'
        for shop in self._shops:
            host = shop.server.host if self._trust else "127.0.0.1"
            text += (f'[target.{shop.database}]\nconninfo = "host={host} port={shop.server.port}'
                     f' dbname={shop.database}"\nuser = "jit_daemon"\n')
            if api is not None:
                text += f'passfile = "{self._passfile()}"\n'
                text += 'gateway_user = "jit_api"\n' if self.gateway else ""
        self.config.write_text(text)

    def _passfile(self):
        path = Path(self.directory.name, "passfile")
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text("*:*:*:jit_daemon:jit_daemon\n*:*:*:jit_api:jit_api\n")
        return path

    def reload(self):
        """SIGHUP; returns when the daemon is done with it."""
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_notification("READY=1")

    def wait_for_notification(self, wanted):
        while True:
            try:
                message = self._notify.recv(4096).decode()
            except socket.timeout:
                raise AssertionError(f"no {wanted} from the daemon:\n{self.log()}") from None
            if wanted in message.splitlines():
                return

    def log(self):
        return Path(self.directory.name, "log").read_text()

    def kill(self):
        """As the machine would: no chance to say goodbye."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self._log.close()
        self._notify.close()
        self.directory.cleanup()


def cli(shop, user, *arguments, check=True):
    """The command line as that person, over libpq's own environment."""
    environment = shop.server.environment(user, shop.database, HOME="/nonexistent")
    environment.pop("JIT_COORDINATOR_CONFIG", None)
    done = subprocess.run([BINARY, *map(str, arguments)], env=environment, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if check:
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def cli_json(shop, user, *arguments):
    return json.loads(cli(shop, user, *arguments, "--json").stdout)


def wait_for_status(shop, request, *statuses, timeout=30):
    return wait_until(lambda: (s := shop.status(request)) in statuses and s, timeout,
                      f"request {request} being {' or '.join(statuses)}")
