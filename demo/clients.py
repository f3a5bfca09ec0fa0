"""The demo's clients: a psql session that stays open, and commands on a terminal of their own."""

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
import threading

PSQL = "/usr/lib/postgresql/15/bin/psql"
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def styled(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def say(text):
    print("\n" + styled("1;36", "# " + text.replace("\n", "\n# ")), flush=True)


def show(prompt, command):
    print(styled("1", prompt + " " + command), flush=True)


class Session:
    """One psql, one connection, from the story's beginning to its end."""

    MARK = "--answered--"

    def __init__(self, name, environment):
        self._name = name
        self._psql = subprocess.Popen([PSQL, "-X", "-q", "-v", "VERBOSITY=default"], text=True,
                                      bufsize=1, env=environment, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def send(self, sql):
        """Shows the statement and hands it to psql."""
        show(f"{self._name}=>", sql)
        self._psql.stdin.write(f"{sql}\n\\echo {self.MARK}\n")
        self._psql.stdin.flush()

    def answer(self):
        """Prints what psql answers to the statement sent last; returns it."""
        lines = []
        for line in self._psql.stdout:
            if line.strip() == self.MARK:
                break
            lines.append(line)
            if line.strip():
                sys.stdout.write(line)
                sys.stdout.flush()
        return "".join(lines)

    def ask(self, sql):
        self.send(sql)
        return self.answer()

    def close(self):
        self._psql.stdin.close()
        self._psql.wait()


def on_terminal(prompt, shown, command, environment):
    """Runs the command on a terminal of its own, so that it answers as it would to a person."""
    show(prompt, shown)
    width = max(80, min(140, shutil.get_terminal_size((110, 40)).columns))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {**environment, "TERM": "xterm", "COLUMNS": str(width)}
    if not COLOUR:
        environment["NO_COLOR"] = "1"
    child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs,
                             stderr=theirs)
    os.close(theirs)

    def copy():
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # what a terminal says when its last writer has gone
                return
            if not data:
                return
            sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
            sys.stdout.flush()

    copier = threading.Thread(target=copy)
    copier.start()
    code = child.wait()
    copier.join()
    os.close(ours)
    return code
