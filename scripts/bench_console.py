"""Measures the console as a terminal sees it: first frame, whole board, a refresh of a hundred environments, idling.

Owns: a pseudo-terminal, as much of a screen as is needed to read words from it, and looking at the process and at the
database server from outside. Deliberately absent: anything inside lockstep that helps with measuring.
"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import termios
import time
from pathlib import Path

from bench_world import CHANGESETS, Stop

ESCAPE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()][0B]|\x1b[=>78]")
F5, QUIT = b"\x1b[15~", b"q"
IDLE_SECONDS = 20

# A row that no release knows: the board says so.
STRANGE = (
    "insert into databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype) "
    "select 'strange', 'somebody', 'by hand.sql', now(), max(orderexecuted) + 1, 'EXECUTED' from databasechangelog"
)


class Console:
    """lockstep in a terminal of its own."""

    def __init__(self, world, *words, folder=None, size=(30, 100)):
        self.cells = [[" "] * size[1] for _ in range(size[0])]
        self.row = self.column = 0
        self.rest = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.begun = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.chdir(folder or world.folder)
            os.execve(world.lockstep, [str(world.lockstep), *words], world.environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.press(QUIT)
        deadline = time.monotonic() + 10
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            self.read(0.1)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.terminal)

    def press(self, key):
        os.write(self.terminal, key)

    def until(self, is_there, what, limit=60):
        """Reads until the screen has it; returns the seconds since the program was started."""
        deadline = time.monotonic() + limit
        while not is_there("\n".join("".join(row) for row in self.cells)):
            if time.monotonic() > deadline:
                shown = "\n".join("".join(row).rstrip() for row in self.cells)
                raise Stop(f"the console did not show {what} within {limit} seconds:\n{shown}")
            self.read(1)
        return time.perf_counter() - self.begun

    def read(self, wait):
        if not select.select([self.terminal], [], [], wait)[0]:
            return
        try:
            text = self.decoder.decode(os.read(self.terminal, 65536))
        except OSError:
            return
        self.draw(self.rest + text)

    def draw(self, text):
        place = 0
        while place < len(text):
            if text[place] == "\x1b":
                found = ESCAPE.match(text, place)
                if not found:
                    # The end of it has not come yet.
                    self.rest = text[place:]
                    return
                if found[2] == "H":
                    row, _, column = (found[1] or "1;1").partition(";")
                    self.row, self.column = int(row) - 1, int(column or 1) - 1
                elif found[2] == "J":
                    self.cells = [[" "] * len(row) for row in self.cells]
                place = found.end()
                continue
            if text[place] >= " " and self.row < len(self.cells) and self.column < len(self.cells[0]):
                self.cells[self.row][self.column] = text[place]
                self.column += 1
            place += 1
        self.rest = ""

    def cpu(self):
        """Seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name="VmRSS"):
        """MiB of memory; `VmHWM` is the most it ever was."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return 0.0


def many_numbers(world, sandbox, count, rounds, say):
    """One board with many environments: the first look, and refreshes of the same process."""
    folder = world.many(sandbox, count, say).parent
    say(f"refreshing {count} environments of {CHANGESETS} changesets")
    with world.connect(sandbox, "postgres") as server, world.connect(sandbox, "many_001") as first:
        first.run("delete from databasechangelog where id = 'strange'")
        begun = now(server)
        with Console(world, "--instance", "many", folder=folder, size=(50, 200)) as console:
            whole = looked(console, server, count, begun)
            console.until(lambda screen: f"{count} healthy" in screen, f"{count} healthy environments")
            settle(console)
            started = console.cpu()
            idle, busy, shown = [], [], []
            for _ in range(rounds):
                settle(console)
                idle.append(refresh(console, server, count))
                settle(console)
                first.run(STRANGE)
                begun, used = time.perf_counter(), console.cpu()
                console.press(F5)
                console.until(is_drifted, "the strange row")
                shown.append(time.perf_counter() - begun)
                settle(console)
                busy.append(console.cpu() - used)
                first.run("delete from databasechangelog where id = 'strange'")
                console.press(F5)
                console.until(lambda screen: not is_drifted(screen), "that the strange row is gone")
            resident, most = console.memory(), console.memory("VmHWM")
    rows = count * CHANGESETS
    return [
        "",
        f"| one board, {count} environments, {rows:,} rows, releases of {CHANGESETS} changesets | min | median | max |",
        "|---|---|---|---|",
        f"| start until the server has sent every row to a new process | {seconds(whole)} | | |",
        f"| CPU of the console for its start: rows, five releases, three comparisons for each environment | {seconds(started)} | | |",
        f"| refresh with nothing new: key until the server has answered for all {count} | {spread(idle)} |",
        f"| refresh with one new row in one of them: key until the board shows the drift | {spread(shown)} |",
        f"| CPU of the console for that refresh | {spread(busy)} |",
        f"| resident memory after {3 * rounds} refreshes; the most it was | {resident:.0f} MiB | | {most:.0f} MiB |",
    ]


def refresh(console, server, count):
    """Seconds between the key and the last answer of the server to a look."""
    console.read(0)
    begun = now(server)
    console.press(F5)
    return looked(console, server, count, begun)


def looked(console, server, count, begun):
    """Seconds between `begun` and the last answer of the server to the looks at all ledgers since then."""
    deadline = time.monotonic() + 120
    while True:
        looks, last = server.run(
            "select count(*), extract(epoch from max(state_change)) from pg_stat_activity where application_name = 'lockstep' "
            f"and state = 'idle' and query = 'rollback' and query_start > to_timestamp({begun})"
        )[0]
        if int(looks) >= count:
            return float(last) - float(begun)
        if time.monotonic() > deadline:
            raise Stop(f"only {looks} of {count} ledgers were looked at within two minutes")
        console.read(0.02)


def now(server):
    """The server's own clock, in seconds."""
    return server.run("select extract(epoch from clock_timestamp())")[0][0]


def settle(console):
    """Reads until the console has used next to no CPU for a while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        used, until = console.cpu(), time.monotonic() + 0.4
        while time.monotonic() < until:
            console.read(0.05)
        if console.cpu() - used <= 0.02:
            return
    raise Stop("the console does not come to rest")


def is_drifted(screen):
    return any("many-001" in line and "drifted" in line for line in screen.splitlines())


def console_numbers(world, rounds, say):
    """A sandbox as everybody gets it: the console's start, and what it costs when nothing happens."""
    say("measuring the console on a sandbox as it is")
    world.up("plain")
    frames, boards = [], []
    for _ in range(rounds):
        with Console(world, "--instance", "plain") as console:
            frames.append(console.until(lambda screen: "1 dev" in screen, "a frame"))
            boards.append(console.until(is_whole, "the whole board"))
    with Console(world, "--instance", "plain") as console:
        console.until(is_whole, "the whole board")
        settle(console)
        used, until = console.cpu(), time.monotonic() + IDLE_SECONDS
        while time.monotonic() < until:
            console.read(0.5)
        share = (console.cpu() - used) / IDLE_SECONDS
        resident = console.memory()
    world.down("plain")
    return [
        "",
        "| the console on a sandbox as it is | min | median | max |",
        "|---|---|---|---|",
        f"| start until the first frame | {spread(frames)} |",
        f"| start until the whole board of four environments | {spread(boards)} |",
        f"| idle for {IDLE_SECONDS} s, looking every 2 s: share of a core; resident | {share:.1%} | | {resident:.0f} MiB |",
    ]


def is_whole(screen):
    return "4 healthy" in screen and screen.count("in step") == 4


def spread(values):
    return " | ".join(seconds(value) for value in (min(values), statistics.median(values), max(values)))


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
