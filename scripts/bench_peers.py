#!/usr/bin/env python3
"""Measure the console beside other terminal programs, all of them the same way, in one run and in turns.

Owns: starting each program in a pseudo-terminal of 100 by 30, pressing its own key for help and its own key to close
it, and reading from the bytes when that is on the screen. A peer that is not installed is left out and named;
`--install DIR` fetches those that the package registries carry (htop, tig and lnav come with Debian). Deliberately absent: judging, and anything inside
lockstep that helps with measuring.
"""

import argparse
import contextlib
import os
import select
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_console import Console, seconds, settle  # noqa: E402
from bench_world import ROOT, Stop, World  # noqa: E402

ESCAPE = b"\x1b"
LINES_A_SECOND = 100_000
FLOOD_SECONDS = 40
PATIENCE = 20
CRATES = ("gitui", "bottom", "oxker")

# Ten thousand lines each tenth of a second, as a busy build would write them.
FLOOD = f"""
import sys, time
line, begun = 0, time.monotonic()
while line < {LINES_A_SECOND * FLOOD_SECONDS}:
    sys.stdout.write("".join(f"2026-01-01T00:00:00Z INFO changeset {{n}} of the flood has run" + chr(10) for n in range(line, line + 1000)))
    sys.stdout.flush()
    line += 1000
    time.sleep(max(0, begun + line / {LINES_A_SECOND} - time.monotonic()))
"""


@dataclass
class Peer:
    """A program, and what it says when it is there and when its help is."""

    name: str
    command: str
    ready: str
    key: bytes
    help: str
    close: bytes
    quit: bytes = b"q"


PEERS = (
    Peer("lockstep", "lockstep --instance peers", "4 healthy", b"?", "Every key that works here", ESCAPE),
    Peer("gitui", "gitui", "Status", b"h", "Help", ESCAPE),
    Peer("bottom", "btm", "CPU", b"?", "General", ESCAPE),
    Peer("oxker", "oxker", "containers", b"h", "quit", b"h"),
    Peer("htop", "htop", "PID", b"h", "Released under", ESCAPE),
    Peer("tig", "tig", "[main]", b"h", "Quick reference", b"q", b"Q"),
)
FLOODED = (
    Peer("lnav", "lnav -q", "changeset", b"?", "fancy log file viewer", b"q"),
    Peer("tig", "tig", "changeset", b"h", "Quick reference", b"q", b"Q"),
)


class Program(Console):
    """A program in a terminal of its own, with every byte that it wrote counted."""

    def __init__(self, world, peer, arguments, environment, folder):
        self.peer, self.written, self.arrived = peer, 0, 0.0
        self.screen = pyte.Screen(100, 30)
        self.stream = pyte.ByteStream(self.screen)
        launcher = type("Launcher", (), {"lockstep": arguments[0], "environment": environment, "folder": folder})
        super().__init__(launcher, *arguments[1:], folder=folder)

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.press(self.peer.quit)
        super().__exit__()

    def read(self, wait):
        if not select.select([self.terminal], [], [], wait)[0]:
            return
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return
        # The time is that of the bytes, not that of understanding them.
        self.arrived = time.perf_counter()
        self.written += len(data)
        self.stream.feed(data)
        self.cells = self.screen.display

    def shows(self, words):
        return any(words in row for row in self.cells)

    def answers(self, key, words, is_there, limit=PATIENCE):
        """Presses a key; the seconds until the screen has the words, or has them no more."""
        pressed = time.perf_counter()
        self.press(key)
        while self.shows(words) != is_there:
            if time.perf_counter() - pressed > limit:
                raise Stop(f"{self.peer.name} did not answer {key!r} with {words!r} within {limit} seconds")
            self.read(0.5)
        return self.arrived - pressed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--programs", type=Path, default=target / "release", help="the folder with lockstep and bagel-store")
    parser.add_argument("--peers", type=Path, default=ROOT / ".tools" / "peers", help="where --install puts peers, and where they are looked for first")
    parser.add_argument("--install", action="store_true", help="install gitui, bottom and oxker with cargo first")
    parser.add_argument("--keys", type=int, default=100, help="how many keys are measured for each program (default: 100)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is started (default: 7)")
    parser.add_argument("--idle", type=int, default=20, help="seconds of watching it do nothing (default: 20)")
    arguments = parser.parse_args()
    if arguments.install:
        python = arguments.peers / "python"
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", python, "pyte"], check=True)
        for crate in CRATES:
            subprocess.run(["cargo", "install", "--locked", "--root", arguments.peers, crate], check=True)
    if not emulator(arguments.peers):
        print("bench: pyte, which understands what terminal programs write, is missing; --install fetches it", file=sys.stderr)
        return 1
    tools = Path(os.environ.get("LOCKSTEP_TOOLS", ROOT / ".tools")).absolute()
    with tempfile.TemporaryDirectory(prefix="lockstep-peers-") as folder:
        world = World(Path(folder), arguments.programs.absolute(), tools)
        world.environment["PATH"] = f"{arguments.peers.absolute() / 'bin'}:{world.environment.get('PATH', os.environ['PATH'])}"
        world.environment.setdefault("TERM", "xterm-256color")
        try:
            print("\n".join(measure(world, arguments)))
        except Stop as stop:
            print(f"bench: {stop}", file=sys.stderr)
            return 1
        finally:
            subprocess.run([world.lockstep, "demo", "down", "--id", "peers"], env=world.environment, capture_output=True)
    return 0


def emulator(peers):
    """Finds the terminal that the programs are shown on. Peers use far more of one than lockstep does."""
    global pyte
    sys.path.append(str(peers / "python"))
    try:
        import pyte
    except ImportError:
        return False
    return True


def measure(world, arguments):
    say("starting the sandbox")
    world.up("peers")
    peers, missing = [], []
    for peer in PEERS:
        words = shlex.split(peer.command)
        words[0] = str(world.lockstep) if words[0] == "lockstep" else shutil.which(words[0], path=world.environment["PATH"])
        if not words[0]:
            missing.append(f"{peer.name} (not installed)")
        elif peer.name != "lockstep" and not comes_up(world, peer, words):
            missing.append(f"{peer.name} (does not come up here)")
        else:
            peers.append((peer, words))
    lines = [
        f"Load average (1 minute) at the beginning: {os.getloadavg()[0]:.1f}. Left out: {', '.join(missing) or 'none'}.",
        "",
        "| program | start to its first whole frame: median, max | key to its effect: p50 | p99 | bytes written for a key | idle: share of a core | resident |",
        "|---|---|---|---|---|---|---|",
    ]
    starts = {peer.name: [] for peer, _ in peers}
    for _ in range(arguments.rounds):
        for peer, words in peers:
            with started(world, peer, words) as program:
                starts[peer.name].append(program.until(lambda screen: peer.ready in screen, peer.ready))
    for peer, words in peers:
        say(f"measuring {peer.name}")
        with started(world, peer, words) as program:
            program.until(lambda screen: peer.ready in screen, peer.ready)
            settle(program)
            delays, bytes_each = keys(program, arguments.keys)
            settle(program)
            used, until = program.cpu(), time.monotonic() + arguments.idle
            while time.monotonic() < until:
                program.read(0.5)
            share = (program.cpu() - used) / arguments.idle
            begun = starts[peer.name]
            lines.append(
                f"| {peer.name} | {seconds(statistics.median(begun))}, {seconds(max(begun))} | {shares(delays)} "
                f"| {bytes_each:.0f} | {share:.1%} | {program.memory():.0f} MiB |"
            )
    return lines + flooded(world, arguments)


def comes_up(world, peer, words):
    """False for a program that needs what is not here, such as oxker without a Docker daemon."""
    try:
        with started(world, peer, words) as program:
            program.until(lambda screen: peer.ready in screen, peer.ready)
    except Stop as stop:
        say(f"{peer.name} is left out: {str(stop).splitlines()[0]}")
        return False
    return True


def flooded(world, arguments):
    """The same key while a hundred thousand lines arrive each second."""
    generator = world.folder / "flood.py"
    generator.write_text(FLOOD)
    flow = world.folder / "flows" / "flood-flow.yaml"
    flow.parent.mkdir(exist_ok=True)
    flow.write_text(
        "stages:\n  Flood:\n    actions:\n      - type: shell\n        command: "
        f"{sys.executable} {generator}\n"
    )
    lines = [
        "",
        f"| {LINES_A_SECOND:,} lines arrive each second | key to its effect: p50 | p99 | bytes written each second | CPU: share of a core | the most memory |",
        "|---|---|---|---|---|---|",
    ]
    with started(world, PEERS[0], [str(world.lockstep), "--instance", "peers"], folder=world.folder) as program:
        program.until(lambda screen: PEERS[0].ready in screen, PEERS[0].ready)
        settle(program)
        program.answers(b"F", "flood-flow.yaml", True)
        program.press(b"\r")
        program.until(lambda screen: "of the flood" in screen, "the flood")
        lines.append(flood_line("lockstep, in its log", program, arguments.keys))
    for peer in FLOODED:
        words = shlex.split(peer.command)
        words[0] = shutil.which(words[0], path=world.environment["PATH"])
        if not words[0]:
            continue
        # Not a pipeline, so that what is measured is the peer and no shell.
        source = shlex.join([sys.executable, str(generator)])
        pipe = ["/bin/bash", "-c", f"exec {shlex.join(words)} < <({source})"]
        with started(world, peer, pipe) as program:
            program.until(lambda screen: peer.ready in screen, peer.ready)
            lines.append(flood_line(f"{peer.name}, from a pipe", program, arguments.keys))
    return lines


def flood_line(name, program, count):
    say(f"measuring {name} in the flood")
    begun, used, written = time.monotonic(), program.cpu(), program.written
    try:
        delays, _ = keys(program, min(count, 50))
        told = shares(delays)
    except Stop:
        told = f"no answer within {PATIENCE} s |"
    wall = time.monotonic() - begun
    share, rate = (program.cpu() - used) / wall, (program.written - written) / wall
    return f"| {name} | {told} | {rate / 1024:.0f} KiB | {share:.0%} | {program.memory('VmHWM'):.0f} MiB |"


def keys(program, count):
    """Opens and closes help, `count` times in all: every delay, and how many bytes a key made the program write."""
    peer, delays, written = program.peer, [], 0
    for index in range(count):
        is_opening = index % 2 == 0
        before = program.written
        delays.append(program.answers(peer.key if is_opening else peer.close, peer.help, is_opening))
        until = time.monotonic() + 0.06
        while time.monotonic() < until:
            program.read(max(0.0, until - time.monotonic()))
        written += program.written - before
    return delays, written / count


@contextlib.contextmanager
def started(world, peer, words, folder=ROOT):
    with Program(world, peer, words, world.environment, folder) as program:
        yield program


def shares(delays):
    ordered = sorted(delays)
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))]  # noqa: E731
    return f"{at(0.5) * 1000:.1f} ms | {at(0.99) * 1000:.1f} ms"


def say(words):
    print(f"bench: {words}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
