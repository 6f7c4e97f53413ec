#!/usr/bin/env python3
"""Proves the Terraform configurations in terraform/ without AWS, and lets people rehearse docs/aws.md.

Owns: the order of the checks (fmt, validate, plan, tags, test), and the stand-in for the AWS provider that they run
against, fetched once into .tools/. `rehearse` starts a shell, or a command, in which `terraform` plans with it.
Deliberately absent: `apply`, and installing Terraform: where it, npm or the packages are missing this says what was
not checked and ends well, because nothing else of the project needs them.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import ground_schema
from setup import HERE, Stop, is_whole, output_of, pip, replace, scratch, write_stamp

ROOT = HERE.parent
PROVIDER = "hashicorp/aws"
OLDEST = (1, 11)

# Bindings that are made from hashicorp/aws 6.66.0; MPL-2.0.
BINDINGS = "@cdktn/provider-aws@25.7.0"
BINDINGS_SHA256 = "b3e5ee2851ae47595a0dedad3678779aebca6d6b5f318ca1902b87ddbef82208"

# What belongs to whoever uses the checkout, and is not the project's to check.
ONES_OWN = ("backend.tf", "*.tfvars", "*.tfstate*", ".terraform*")

STEPS = (
    ("fmt", "-check", "-diff", "-recursive"),
    ("validate", "-no-color"),
    ("plan", "-no-color", "-input=false", "-lock=false", "-refresh=false", "-out=plan"),
    ("show", "-json", "plan"),
    ("test", "-no-color"),
)

# The configurations, and the tags of everything in each that can carry any. What is the account's has no instance.
TAGS = {
    "terraform": {"demo_id", "deployed_by", "managed_by", "project"},
    "terraform/account": {"deployed_by", "managed_by", "project"},
}

# So that a plan has something to plan; never a secret.
EXAMPLE = {
    "TF_VAR_demo_id": "demo1",
    "TF_VAR_deployed_by": "make ground",
    "TF_VAR_database_password": "rehearsed-password",
    "TF_VAR_store_password": "rehearsed-password",
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--dir", default=ROOT / ".tools", type=Path, help="where fetched tools go (default: .tools)")
    arguments.add_argument("what", choices=("check", "rehearse"))
    arguments.add_argument("command", nargs=argparse.REMAINDER, help="with rehearse: what to run instead of a shell")
    arguments = arguments.parse_args()
    try:
        terraform = found_terraform()
        package = provide(arguments.dir.absolute() / "terraform")
    except Stop as stop:
        if arguments.what == "check":
            print(f"terraform/ was not checked (nothing else needs it): {stop}")
            return 0
        print(f"ground: {stop}", file=sys.stderr)
        return 69
    except KeyboardInterrupt:
        return 130
    with stand_in(package) as environment:
        try:
            if arguments.what == "check":
                return check(terraform, environment)
            return rehearse(arguments.command, environment)
        except KeyboardInterrupt:
            return 130


def found_terraform():
    path = shutil.which("terraform")
    if path is None:
        raise Stop("Terraform, 1.11 or newer, is not installed.")
    said = output_of([path, "version", "-json"]) or ""
    try:
        version = json.loads(said[said.index("{") : said.rindex("}") + 1])["terraform_version"]
    except ValueError as error:
        raise Stop(f"{path} does not say its version.") from error
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise Stop(f"{path} is {version}, and passwords stay out of the state only from 1.11 on.")
    return path


def provide(place):
    """The folder with the stand-in's Python packages and the provider's bindings, fetched where it is not whole."""
    # What pip fetches fits this Python only.
    requirement = (HERE / "terraform.req").read_text() + f"{BINDINGS}\nPython {sys.version_info[:2]}"
    if is_whole(place, requirement):
        return place
    npm = shutil.which("npm")
    if npm is None:
        raise Stop("npm is missing, which fetches the schema of the AWS provider.")
    with scratch(place.parent, place.name) as work:
        tree = work / "tree"
        options = ["--no-deps", "--only-binary=:all:", "--target", tree, "-r", HERE / "terraform.req"]
        pip("install", *options, what="The stand-in for the AWS provider", mend="")
        command = [npm, "pack", "--silent", BINDINGS, "--pack-destination", str(work)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["npm said nothing"])[-1]
            raise Stop(f"{BINDINGS} could not be fetched: {last}")
        package = next(work.glob("*.tgz"))
        if hashlib.sha256(package.read_bytes()).hexdigest() != BINDINGS_SHA256:
            raise SystemExit(f"ground: {BINDINGS} is not what it was when it was pinned; nothing was checked.")
        package.rename(tree / "bindings.tgz")
        write_stamp(tree, requirement)
        replace(tree, place)
    return place


@contextmanager
def stand_in(package):
    """Serves the schema of what the configurations use; gives the environment in which Terraform finds it."""
    with tempfile.TemporaryDirectory(prefix="ground-") as folder:
        schema, socket, settings = (Path(folder) / name for name in ("schema.json", "socket", "terraformrc"))
        known = ground_schema.schema(package / "bindings.tgz", ground_schema.used(ROOT / folder for folder in TAGS))
        schema.write_text(json.dumps(known))
        settings.write_text("disable_checkpoint = true\n")
        command = [sys.executable, HERE / "ground_provider.py", schema, socket]
        environment = {**os.environ, "PYTHONPATH": str(package)}
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            if server.stdout.readline() != "ready\n":
                raise SystemExit("ground: the stand-in for the AWS provider did not start; what it said is above.")
            address = {"Network": "unix", "String": str(socket)}
            served = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": server.pid, "Test": True, "Addr": address}
            yield {
                **os.environ,
                "TF_REATTACH_PROVIDERS": json.dumps({PROVIDER: served}),
                "TF_CLI_CONFIG_FILE": str(settings),
            }
        finally:
            server.stdin.close()
            server.wait()


def check(terraform, environment):
    # What somebody has chosen for an instance of their own must not decide what passes.
    chosen = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR")
    neutral = {name: value for name, value in environment.items() if not name.startswith(chosen)}
    environment = {**neutral, **EXAMPLE, "TF_IN_AUTOMATION": "1"}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ground-") as work:
        copy = Path(work)
        shutil.copytree(ROOT / "terraform", copy / "terraform", ignore=shutil.ignore_patterns(*ONES_OWN))
        shutil.copytree(ROOT / "flows", copy / "flows")
        for folder, tags in TAGS.items():
            for step, *options in STEPS:
                command = [terraform, step, *options]
                streams = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
                done = subprocess.run(command, cwd=copy / folder, env=environment, **streams)
                said = done.stdout + done.stderr or f"it ended with exit code {done.returncode}"
                wrong = said if done.returncode else ""
                if step == "show" and not wrong:
                    step, wrong = "tags", untagged(done.stdout, tags)
                print(f"{f'{folder} {step}:':<28}{'FAILED' if wrong else 'ok'}", flush=True)
                if wrong:
                    failed = 1
                    print(wrong, flush=True)
                    if step != "fmt":
                        break
    return failed


def untagged(plan, wanted):
    """What of a plan could carry tags and does not carry all of these, a sentence for each."""
    resources = json.loads(plan)["planned_values"]["root_module"]["resources"]
    values = {each["address"]: each.get("values", {}) for each in resources}
    tagged = {address: value["tags_all"] for address, value in values.items() if "tags_all" in value}
    lacking = {address: sorted(wanted - tags.keys()) for address, tags in tagged.items()}
    if not tagged:
        return "Nothing in the plan carries tags."
    return "\n".join(f"{address} lacks the tags {', '.join(names)}." for address, names in lacking.items() if names)


def rehearse(command, environment):
    if not command:
        print("A rehearsal: in this shell `terraform` plans without AWS and makes nothing. `exit` ends it.", flush=True)
    return subprocess.run(command or [os.environ.get("SHELL", "/bin/sh")], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
