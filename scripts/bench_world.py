"""The world that scripts/bench.py measures: a sandbox whose four environments hold ten thousand changesets each.

Owns: the generated changelog, the archives, the rows. The rows are written by the real Liquibase (`changelog-sync`) and
copied by PostgreSQL, and their checksums are held against lockstep's own before anything is measured.
Deliberately absent: the measuring, and anything that is not in the world's folder.
"""

import hashlib
import json
import os
import random
import re
import shutil
import stat
import subprocess
import time
import zipfile
from pathlib import Path

from postgres_wire import Connection, Refused

ROOT = Path(__file__).resolve().parent.parent
CHANGESETS, FILES = 10_000, 200
VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0")
MAIN_CLASS = "liquibase.integration.commandline.LiquibaseCommandLine"


class Stop(Exception):
    """What happened, to what, and how to mend it."""


class World:
    def __init__(self, folder, programs, tools):
        self.folder, self.programs, self.tools = folder, programs, tools
        self.lockstep = programs / "lockstep"
        self.home = folder / "home"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "LOCKSTEP_HOME": str(self.home),
            "LOCKSTEP_TOOLS": str(tools),
            "LOCKSTEP_PG_BIN": str(folder / "postgres"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        self.java, self.liquibase = java(tools), tools / "liquibase"

    def run(self, *words, **options):
        """Runs lockstep and returns its output; a failure ends the benchmark."""
        done = subprocess.run(
            [self.lockstep, *words], env=self.environment, cwd=self.folder, capture_output=True, text=True, **options
        )
        if done.returncode != 0:
            raise Stop(f"`lockstep {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def up(self, instance="bench"):
        """Starts a sandbox, or finds it running, and returns what it says of itself."""
        make_servers(self.folder / "postgres")
        return json.loads(self.run("demo", "up", "--id", instance, "--output", "json"))

    def down(self, instance="bench"):
        self.run("demo", "down", "--id", instance)

    def connect(self, sandbox, database):
        _, port, _, user, password = (Path(sandbox["config"]).parent / "pgpass").read_text().strip().split(":", 4)
        return Connection(int(port), user, password, database)

    def fill(self, sandbox, say):
        """Makes archives and rows; returns how many sums were compared. What is there already is kept."""
        stamp = self.folder / "filled.json"
        say(f"writing {CHANGESETS} changesets in {FILES} files, and {len(VERSIONS)} releases of them")
        write_changelog(self.folder / "changelog")
        recipe = hashlib.sha256()
        for version in VERSIONS:
            # A sandbox brings its own archives back whenever it starts.
            archive = self.build(sandbox, version)
            recipe.update(Path(archive).read_bytes())
            shutil.rmtree(self.path_root(version), ignore_errors=True)
            zipfile.ZipFile(archive).extractall(self.path_root(version))
        recipe = recipe.hexdigest()
        if not (stamp.is_file() and json.loads(stamp.read_text())["recipe"] == recipe):
            for name, version in self.running(sandbox).items():
                self.fill_environment(sandbox, name, version, say)
            stamp.write_text(json.dumps({"recipe": recipe}))
        return self.compare_sums(sandbox)

    def build(self, sandbox, version):
        words = ["release", "build", version, "--changelog", str(self.folder / "changelog")]
        return self.run("--instance", "bench", *words, "--to", str(Path(sandbox["config"]).parent / "releases")).strip()

    def path_root(self, version):
        """The folder that Liquibase runs in."""
        return self.folder / "releases" / version

    def running(self, sandbox):
        """The version that each environment runs."""
        told = json.loads(self.run("--instance", "bench", "status", "--output", "json"))
        return {it["name"]: it["service"]["image"].rsplit(":", 1)[1] for it in told["environments"]}

    def fill_environment(self, sandbox, name, version, say):
        kept = f"bench_{version}"
        with self.connect(sandbox, "postgres") as server:
            if not server.run(f"select 1 from pg_database where datname = '{kept}'"):
                # The application's own tables stay, so that it stays healthy.
                copy(server, name, kept)
                with self.connect(sandbox, kept) as database:
                    database.run("truncate databasechangelog")
                say(f"letting Liquibase write the rows of {version}; this takes a minute")
                done = self.liquibase_run(sandbox, kept, version, "changelog-sync", fast=True)
                if done.returncode != 0:
                    raise Stop(f"Liquibase could not write the rows of {version}: {done.stderr[-2000:]}")
                with self.connect(sandbox, kept) as database:
                    database.run("analyze")
            server.run(f'drop database "{name}" with (force)')
            copy(server, kept, name)

    def compare_sums(self, sandbox):
        """Holds every sum that Liquibase stored against lockstep's own."""
        compared = 0
        for name, version in self.running(sandbox).items():
            told = json.loads(self.run("--instance", "bench", "release", "show", version, "--output", "json"))
            own = {tuple(it[key] for key in ("path", "id", "author")): it["checksum"] for it in told["changesets"]}
            with self.connect(sandbox, name) as database:
                rows = database.run("select filename, id, author, md5sum from databasechangelog")
            stored = {(path, id, author): md5 for path, id, author, md5 in rows}
            if own != stored:
                differing = [key for key in own.keys() | stored.keys() if own.get(key) != stored.get(key)]
                raise Stop(f"{len(differing)} sums of {name} differ from Liquibase's, such as {differing[:3]}")
            compared += len(rows)
        return compared

    def many(self, sandbox, count, say):
        """Makes an instance of `count` environments on the same server; returns the path of its lockstep.toml."""
        origin = Path(sandbox["config"]).read_text()
        head = origin[: origin.index("[[environment]]")].replace('id = "bench"', 'id = "many"')
        # Only what the benchmark asks for is looked at.
        head = re.sub("observe = .*", "observe = 3600.0", head)
        services = [line for line in origin.splitlines() if line.startswith("service = ")]
        addresses = [line for line in origin.splitlines() if line.startswith("address = ")]
        parts = [head]
        with self.connect(sandbox, "postgres") as server:
            there = {row[0] for row in server.run("select datname from pg_database")}
            if f"many_{count:03}" not in there:
                say(f"copying {count} databases of {CHANGESETS} rows")
            for number in range(1, count + 1):
                if (name := f"many_{number:03}") not in there:
                    copy(server, "bench_v1.0.0", name)
                place = (number - 1) % len(services)
                gate = "automatic" if number == 1 else "confirm"
                parts.append(
                    f'[[environment]]\nname = "many-{number:03}"\n{services[place]}\ndatabase = "{name}"\n'
                    f'{addresses[place]}\ngate = "{gate}"\nproduction = false\n'
                )
        folder = self.folder / "many"
        folder.mkdir(exist_ok=True)
        path = folder / "lockstep.toml"
        path.write_text("\n".join(parts))
        path.chmod(0o600)
        return path

    def liquibase_command(self, sandbox, database, *words, fast):
        """Arguments and environment of one Liquibase run: the stock launcher, or the fastest settings known."""
        _, port, _, user, password = (Path(sandbox["config"]).parent / "pgpass").read_text().strip().split(":", 4)
        environment = {
            "PATH": os.environ["PATH"],
            "LIQUIBASE_HOME": str(self.liquibase),
            "JAVA_HOME": str(self.java.parent.parent),
            "LIQUIBASE_COMMAND_URL": f"jdbc:postgresql://127.0.0.1:{port}/{database}",
            "LIQUIBASE_COMMAND_USERNAME": user,
            "LIQUIBASE_COMMAND_PASSWORD": password,
        }
        tail = ["--show-banner=false", "--headless=true", *words, "--changelog-file=changelog/changelog-master.yaml"]
        if not fast:
            return [str(self.liquibase / "liquibase"), *tail], environment
        jars = ":".join(str(jar) for jar in sorted((self.liquibase / "internal").glob("**/*.jar")))
        flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"]
        classes = self.folder / "liquibase.jsa"
        share = ["-Xshare:auto", f"-XX:SharedArchiveFile={classes}"] if classes.is_file() else []
        return [str(self.java), *flags, *share, "-cp", jars, MAIN_CLASS, *tail], environment

    def liquibase_run(self, sandbox, database, version, *words, fast, dump_to=None):
        command, environment = self.liquibase_command(sandbox, database, *words, fast=fast)
        if dump_to:
            command[1:1] = [f"-XX:ArchiveClassesAtExit={dump_to}"]
        return subprocess.run(
            command, env=environment, cwd=self.path_root(version), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def share_classes(self, sandbox, name, version):
        """Makes the archive of loaded classes that the fastest settings start from."""
        classes = self.folder / "liquibase.jsa"
        if not classes.is_file():
            self.liquibase_run(sandbox, name, version, "status", fast=True, dump_to=classes)


def write_changelog(folder):
    """The Bagel Store's changelog with ten thousand generated changesets in front of it; the same on every run."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "changelog", folder)
    chance = random.Random(20_261_121)
    (folder / "generated").mkdir()
    includes = []
    for file in range(FILES):
        name = f"generated/{file + 1:03}-part.sql"
        body = [changeset(file, number, chance) for number in range(CHANGESETS // FILES)]
        (folder / name).write_text("--liquibase formatted sql\n\n" + "\n".join(body), encoding="utf-8")
        includes.append(f"  - include: {{file: ../{name}, relativeToChangelogFile: true}}\n")
    (folder / "releases" / "v0.9.0.yaml").write_text("databaseChangeLog:\n" + "".join(includes))
    master = folder / "changelog-master.yaml"
    first = "  - include:\n      file: releases/v0.9.0.yaml\n      relativeToChangelogFile: true\n"
    master.write_text(master.read_text().replace("databaseChangeLog:\n", "databaseChangeLog:\n" + first, 1))


def changeset(file, number, chance):
    """One changeset in formatted SQL; nothing here is ever executed, but everything counts in its checksum."""
    table = f"part_{file:03}_{number:02}"
    author = chance.choice(("anna", "bela", "chris", "store"))
    words = " ".join(chance.choice(("poppy", "sesame", "plain", "onion", "käse", "größe", "日本")) for _ in range(6))
    kind = chance.randrange(4)
    if kind == 0:
        columns = ",\n".join(f"    column_{place} varchar({chance.randrange(10, 255)})" for place in range(chance.randrange(2, 9)))
        sql, undo = f"create table {table} (\n    id bigint primary key,\n{columns}\n);", f"drop table {table};"
    elif kind == 1:
        sql, undo = f"create index idx_{table} on orders (status, order_date);", f"drop index idx_{table};"
    elif kind == 2:
        sql = f"-- {words}\ninsert into products (name, description, price)\nvalues ('{table}', '{words}', {chance.random():.2f});"
        undo = f"delete from products where name = '{table}';"
    else:
        sql, undo = f"alter table orders\tadd column {table} text default '{words}';", f"alter table orders drop column {table};"
    return f"--changeset {author}:{file:03}-{number:02}\n--comment: {words}\n{sql}\n--rollback {undo}\n"


def copy(server, source, target):
    """Copies a database that others may be using: they are sent away, and come back by themselves."""
    server.run(f'alter database "{source}" allow_connections false')
    try:
        deadline = time.monotonic() + 30
        while True:
            server.run(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                f"where datname = '{source}' and pid <> pg_backend_pid()"
            )
            try:
                server.run(f'create database "{target}" template "{source}"')
                return
            except Refused:
                if time.monotonic() > deadline:
                    raise
    finally:
        server.run(f'alter database "{source}" allow_connections true')


def make_servers(folder):
    """A folder of PostgreSQL programs whose server takes three hundred connections; a sandbox's own takes sixty."""
    real = server_programs()
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    wrapper = folder / "postgres"
    wrapper.write_text(f'#!/bin/sh\ncase "$1" in\n-D) exec "{real}/postgres" "$@" -c max_connections=300 ;;\n'
                       f'*) exec "{real}/postgres" "$@" ;;\nesac\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    initdb = folder / "initdb"
    initdb.unlink(missing_ok=True)
    initdb.symlink_to(real / "initdb")


def server_programs():
    tools = Path(os.environ.get("LOCKSTEP_TOOLS", ROOT / ".tools"))
    places = [Path(place) for place in (os.environ.get("LOCKSTEP_PG_BIN"),) if place]
    places += sorted((tools / "postgres").glob("**/bin")) + sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for place in places:
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise Stop("there is no PostgreSQL; run `make setup`")


def java(tools):
    fetched = tools / "java" / "bin" / "java"
    found = str(fetched) if fetched.is_file() else shutil.which("java")
    if not found:
        raise Stop("there is no Java; run `make setup`")
    return Path(found).resolve()
