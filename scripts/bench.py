#!/usr/bin/env python3
"""Measure whole commands: lockstep against Liquibase on four databases of 10,000 applied changesets each.

Owns: timing, and the table for docs/benchmarks.md. Everything is measured in one run, in turns, because machines differ
from hour to hour: only what was measured side by side can be compared. The world is made by bench_world.py and kept in
its folder for the next run. Deliberately absent: judging; nothing here passes or fails by a time.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from bench_console import console_numbers, many_numbers  # noqa: E402
from bench_world import CHANGESETS, FILES, ROOT, Stop, World  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--programs", type=Path, default=target / "release", help="the folder with lockstep and bagel-store")
    parser.add_argument("--world", type=Path, default=Path(tempfile.gettempdir()) / "lockstep-bench", help="what is made for the measuring; kept")
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured (default: 7)")
    parser.add_argument("--environments", type=int, default=100, help="how many the large board has (default: 100, 0: none)")
    parser.add_argument("--output", type=Path, help="where to write the Markdown (default: standard output)")
    arguments = parser.parse_args()
    tools = Path(os.environ.get("LOCKSTEP_TOOLS", ROOT / ".tools")).absolute()
    os.umask(0o022)
    arguments.world.mkdir(parents=True, exist_ok=True)
    world = World(arguments.world.absolute(), arguments.programs.absolute(), tools)
    try:
        text = measure(world, arguments)
    except Stop as stop:
        print(f"bench: {stop}", file=sys.stderr)
        return 1
    finally:
        for instance in ("bench", "plain"):
            subprocess.run([world.lockstep, "demo", "down", "--id", instance], env=world.environment, capture_output=True)
    if arguments.output:
        arguments.output.write_text(text)
    else:
        print(text)
    return 0


def measure(world, arguments):
    say("starting the sandbox")
    sandbox = world.up()
    compared = world.fill(sandbox, say)
    say(f"{compared} checksums equal those that Liquibase stored")
    lines = [heading(world, compared), *commands(world, sandbox, arguments.rounds)]
    if arguments.environments:
        lines += many_numbers(world, sandbox, arguments.environments, arguments.rounds, say)
    world.down()
    lines += console_numbers(world, arguments.rounds, say)
    return "\n".join(lines) + "\n"


def commands(world, sandbox, rounds):
    """The table of whole commands, each measured `rounds` times, in turns."""
    running = world.running(sandbox)
    name, version = next(iter(running.items()))
    world.share_classes(sandbox, name, version)
    own = [["status"], ["status", "--output", "json"]]
    if succeeds(world, "drift", "--help"):
        own.append(["drift"])
    measured = {f"`lockstep {' '.join(words)}`": lockstep(world, words) for words in own}
    measured["4 × `liquibase status`, fastest settings"] = four(world, sandbox, running, fast=True)
    measured["4 × `liquibase status`, stock launcher"] = four(world, sandbox, running, fast=False)
    results = {what: [] for what in measured}
    load = []
    for turn in range(rounds + 1):
        say(f"round {turn} of {rounds}" if turn else "warming up")
        load.append(os.getloadavg()[0])
        for what, once in measured.items():
            result = once()
            if turn:
                results[what].append(result)
    rows = [
        f"Load average (1 minute) before each round: {', '.join(f'{value:.1f}' for value in load[1:])}.\n",
        "| command | wall: min | median | max | CPU: median | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    median = {}
    for what, taken in results.items():
        wall, cpu, memory = zip(*taken)
        median[what] = (statistics.median(wall), min(wall), statistics.median(cpu))
        rows.append(
            f"| {what} | {seconds(min(wall))} | {seconds(median[what][0])} | {seconds(max(wall))} "
            f"| {seconds(median[what][2])} | {max(memory) / 1024:.0f} MiB |"
        )
    rows += ["", "| how many times faster | wall: median | wall: min | CPU: median |", "|---|---|---|---|"]
    theirs = [what for what in median if "liquibase" in what]
    for what in (what for what in median if "liquibase" not in what):
        for other in theirs:
            times = [f"{ours / mine:.0f} ×" for mine, ours in zip(median[what], median[other])]
            rows.append(f"| {what} against {other} | {times[0]} | {times[1]} | {times[2]} |")
    return rows


def lockstep(world, words):
    command = [str(world.lockstep), "--instance", "bench", *words]

    def once():
        # `drift` ends with 1 where there is drift.
        return timed(command, world.environment, world.folder, (0, 1))

    return once


def four(world, sandbox, running, fast):
    def once():
        parts = []
        for name, version in running.items():
            command, environment = world.liquibase_command(sandbox, name, "status", fast=fast)
            parts.append(timed(command, environment, world.path_root(version), (0,)))
        wall, cpu, memory = zip(*parts)
        return sum(wall), sum(cpu), max(memory)

    return once


def timed(command, environment, folder, expected):
    """Seconds on the wall, seconds of CPU with all its children, and the most KiB of memory any of them held."""
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    words = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in expected:
        raise Stop(f"{' '.join(command[:3])} ended with {child.returncode}: {words.decode(errors='replace')[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def succeeds(world, *words):
    return subprocess.run([world.lockstep, *words], env=world.environment, capture_output=True).returncode == 0


def heading(world, compared):
    version = world.run("--version").strip()
    java = subprocess.run([world.java, "-version"], capture_output=True, text=True).stderr.splitlines()[0]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{version} ({commit or 'no commit'}), {os.cpu_count()} cores ({processor()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, {java}.\n"
        f"Four databases; a changelog of {CHANGESETS} changesets in {FILES} files and the Bagel Store's own; five releases of it. "
        f"{compared} of {compared} checksums that Liquibase stored equal lockstep's.\n"
    )


def processor():
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def say(words):
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
