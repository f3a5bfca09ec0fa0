"""The command line over a server's API."""

import json
import os
import subprocess

from .daemon import BINARY

ALL = ("request", "approve", "read", "query")
NO_DATABASE = {"PGHOST": "/nonexistent", "PGDATABASE": "nowhere"}


class Remote:
    """One person's command line that knows a server and a token, and no database."""

    def __init__(self, url, secret, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "JIT_")) and not k.endswith("_proxy")}
        self.environment = {**clean, **NO_DATABASE, "HOME": "/nonexistent", "JIT_SERVER": url, "JIT_TOKEN": secret,
                            **environment}

    def __call__(self, *arguments, check=True, **environment):
        done = subprocess.run([BINARY, *map(str, arguments)], env={**self.environment, **environment}, text=True,
                              timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def json(self, *arguments):
        return json.loads(self(*arguments, "--json").stdout)

    def start(self, *arguments):
        return subprocess.Popen([BINARY, *map(str, arguments)], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
