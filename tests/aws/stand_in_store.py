"""A stand-in for the Bagel Store: the same contract, and faults chosen by the version.

Reads its settings from the environment, prints `listening on 127.0.0.1:PORT`, serves /health and /version,
ends when its standard input does (`--exit-with-parent`). On SIGTERM it ends at once, in the middle of an
answer if need be: it is for the sandbox to drain it first.
A version ending in `-unhealthy` answers 503 on /health, one ending in `-crash` ends before it listens,
one ending in `-fragile` ends as soon as anybody asks for /health. GET /slow answers after half a second.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = os.environ["BAGEL_VERSION"]
SHOWN = ("BAGEL_VERSION", "BAGEL_IMAGE", "ENVIRONMENT", "DEMO_ID", "DB_HOST", "DB_PORT", "DB_NAME",
         "DB_USERNAME", "DEMO_USERNAME", "EXTRA", "LD_PRELOAD")
NEEDED = ("ENVIRONMENT", "DB_NAME", "DB_USERNAME", "DB_PASSWORD", "DB_HOST", "DB_PORT")


class Store(BaseHTTPRequestHandler):
    """Answers one request per connection."""

    def do_GET(self):
        if self.path == "/health":
            if VERSION.endswith("-fragile"):
                os._exit(7)
            missing = [name for name in NEEDED if not os.environ.get(name)]
            if VERSION.endswith("-unhealthy") or missing:
                self.answer(503, {"status": "unhealthy", "missing": missing})
            else:
                self.answer(200, {"status": "healthy"})
        elif self.path == "/slow":
            time.sleep(0.5)
            self.answer(200, {"version": VERSION})
        else:
            shown = {name: os.environ.get(name) for name in SHOWN}
            self.answer(200, {"pid": os.getpid(), "version": VERSION, "environment": shown,
                              "variables": sorted(os.environ)})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Says nothing: the tests read what is printed on purpose."""


class Server(ThreadingHTTPServer):
    """Takes many callers at once."""

    daemon_threads = True
    request_queue_size = 128


def watch_parent():
    # Not through sys.stdin: a thread that waits in its buffer holds up the end of the interpreter.
    while os.read(0, 1024):
        pass
    os._exit(0)


def main():
    print(f"pid {os.getpid()} version {VERSION}", flush=True)
    print(f"password is {os.environ.get('DB_PASSWORD')}", flush=True)
    if VERSION.endswith("-crash"):
        print("cannot start", file=sys.stderr, flush=True)
        sys.exit(1)
    if "--exit-with-parent" in sys.argv:
        threading.Thread(target=watch_parent, daemon=True).start()
    server = Server((os.environ["BIND"], int(os.environ["PORT"])), Store)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


main()
