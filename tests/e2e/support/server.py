"""A throw-away PostgreSQL (scripts/cluster), as the tests see it."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = str(ROOT / "scripts" / "cluster")
BIN = Path("/usr/lib/postgresql/15/bin")


class Server:
    """Owns the cluster from create to destroy."""

    def __init__(self, *settings, preload=True, standby_of=None):
        self.directory = tempfile.mkdtemp(prefix="jit_e2e.", dir="/tmp")
        environment = dict(os.environ)
        if not preload:
            environment["JIT_ACCESS_PRELOAD"] = "no"
        try:
            if standby_of is not None:
                self._cluster("standby", standby_of.directory)
            else:
                self._cluster("create", "fsync=off", *settings, environment=environment)
        except BaseException:
            self.destroy()
            raise
        variables = Path(self.directory, "env").read_text()
        self.host = re.search(r"PGHOST=(\S+)", variables)[1]
        self.port = int(re.search(r"PGPORT=(\S+)", variables)[1])

    def _cluster(self, command, *arguments, environment=None):
        # To a file, not a pipe: the server inherits it and would keep a pipe open for good.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run([CLUSTER, command, self.directory, *arguments], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            if done.returncode != 0:
                output.seek(0)
                raise RuntimeError(f"cluster {command} failed:\n{output.read()}")

    def restart(self):
        self._cluster("restart")

    def reload(self):
        self._cluster("reload")

    def start(self):
        self._cluster("start")

    def pid(self):
        """The postmaster's."""
        return int(Path(self.directory, "data", "postmaster.pid").read_text().split()[0])

    def start_after_kill(self):
        """After kill -9. Where nobody collects dead processes their locks would look held."""
        for lock in [Path(self.directory, "data", "postmaster.pid"), *Path(self.host).glob("*.lock")]:
            lock.unlink(missing_ok=True)
        self.start()

    def stop(self, mode="fast"):
        self._cluster("stop", mode)

    def destroy(self):
        self._cluster("destroy")

    def set(self, *settings):
        """Appends lines to postgresql.conf; a later line overrides an earlier one."""
        with open(Path(self.directory, "data", "postgresql.conf"), "a") as conf:
            conf.write("".join(setting + "\n" for setting in settings))

    def log(self):
        return Path(self.directory, "data", "server.log").read_text(errors="replace")

    def environment(self, user="postgres", database="postgres", **more):
        """For programs on libpq: only what points at this server, nothing of the caller's own."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**clean, "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": user,
                "PGDATABASE": database, **more}

    def psql(self, sql, user="postgres", database="postgres", check=True):
        """Runs psql over the text as if it were typed; returns what it printed, errors included."""
        done = subprocess.run([str(BIN / "psql"), "-XqAt"], input=sql, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                              env=self.environment(user, database))
        if check and "ERROR:" in done.stdout:
            raise RuntimeError(done.stdout)
        return done.stdout
