#!/usr/bin/env python3
"""Stands in for `docker run liquibase/liquibase-secure:5.0.1` where there is no Docker.

Takes the options that lockstep gives, refuses every other one, and does what the entry point of that image does with the
working folder, the search path and the defaults file. Then the real Liquibase of this machine runs, with the variables that
were named and no others. A path inside the container is a path on this machine, by the mounts. The first argument is the
folder of the test: `liquibase.json` there says how Liquibase is started, and what was asked for goes to `docker.log`.
"""

import json
import os
import sys

HOME = "/liquibase"
CHANGELOG = HOME + "/changelog"
# What the entry point takes for the name of a file.
FILES = ("--changelogfile=", "--changelog-file=", "--defaultsfile=", "--defaults-file=", "--outputfile=", "--output-file=")


def main():
    test, words = sys.argv[1], sys.argv[2:]
    mounts, names, folder, user, network = {}, [], HOME, None, "bridge"
    if words[:1] != ["run"]:
        sys.exit("docker: only `run` is known here")
    words = words[1:]
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--rm":
            continue
        value = words.pop(0)
        if option == "-v":
            place, path = value.split(":")[:2]
            mounts[path] = place
        elif option == "-w":
            folder = value
        elif option == "-e":
            names.append(value)
        elif option == "--user":
            user = value
        elif option == "--network":
            network = value
        else:
            sys.exit(f"unknown flag: {option}")
    image, arguments = words[0], words[1:]
    with open(os.path.join(test, "docker.log"), "a") as log:
        seen = {"arguments": sys.argv[2:], "image": image, "network": network}
        log.write(json.dumps(seen) + "\n")
    if any("=" in name for name in names):
        sys.exit("a value of a variable is an argument")
    # Docker's server would leave the file to the user that it runs as; nobody else can enter the folder.
    if user != f"{os.geteuid()}:{os.getegid()}":
        sys.exit(f"permission denied: {user} is not who owns the folder")

    def here(path):
        found = max((inside for inside in mounts if path == inside or path.startswith(inside + "/")), key=len, default=None)
        return path if found is None else mounts[found] + path[len(found):]

    # From here on the entry point of the image.
    is_there = os.path.isdir(here(CHANGELOG)) and os.listdir(here(CHANGELOG))
    relative = [
        word for word in arguments
        if word.lower().startswith(FILES) and (value := word.split("=", 1)[1]) and not value.startswith("/") and "://" not in value
    ]
    if is_there and relative:
        folder = CHANGELOG
        search = "--search-path=."
    else:
        search = "--search-path=" + here(CHANGELOG)
    defaults = os.path.join(test, "liquibase.docker.properties")
    with open(defaults, "w") as properties:
        properties.write("liquibase.headless: true\n")
    with open(os.path.join(test, "liquibase.json")) as file:
        liquibase = json.load(file)
    variables = {name: os.environ[name] for name in names if name in os.environ}
    variables.update({"PATH": "/usr/local/bin:/usr/bin:/bin", "DOCKER_LIQUIBASE": "true"})
    variables["LIQUIBASE_HOME"] = liquibase["home"]
    os.chdir(here(folder))
    flags = variables.get("JAVA_OPTS", "").split()
    command = [liquibase["java"], *flags, *liquibase["args"], f"--defaultsFile={defaults}", search, *arguments]
    os.execve(liquibase["java"], command, variables)


main()
