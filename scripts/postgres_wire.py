"""The least of PostgreSQL's protocol that a benchmark needs: log in with a password, run SQL, read rows as text.

Owns: one connection over loopback TCP, SCRAM-SHA-256, the simple query. Deliberately absent: TLS, COPY, parameters.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct


class Refused(Exception):
    """What the server said."""


class Connection:
    def __init__(self, port, user, password, database, name="benchmark"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.buffer = self.socket.makefile("rb")
        words = ["user", user, "database", database, "application_name", name]
        body = struct.pack("!i", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.log_in(password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.send(b"X", b"")
        self.buffer.close()
        self.socket.close()

    def log_in(self, password):
        while True:
            kind, body = self.receive()
            if kind == b"Z":
                return
            if kind != b"R":
                continue
            (step,) = struct.unpack("!i", body[:4])
            if step == 10:
                nonce = base64.b64encode(os.urandom(18)).decode()
                first = f"n=,r={nonce}"
                name = b"SCRAM-SHA-256\0"
                message = f"n,,{first}".encode()
                self.send(b"p", name + struct.pack("!i", len(message)) + message)
            elif step == 11:
                told = body[4:].decode()
                facts = dict(part.split("=", 1) for part in told.split(","))
                salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(facts["s"]), int(facts["i"]))
                key = hmac.digest(salted, b"Client Key", "sha256")
                last = f"c=biws,r={facts['r']}"
                signed = hmac.digest(hashlib.sha256(key).digest(), f"{first},{told},{last}".encode(), "sha256")
                proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signed))).decode()
                self.send(b"p", f"{last},p={proof}".encode())
            elif step not in (0, 12):
                raise Refused(f"the server asks for authentication {step}, which is not spoken here")

    def run(self, sql):
        """Runs statements and returns the rows of all of them, each a list of texts (None for null)."""
        self.send(b"Q", sql.encode() + b"\0")
        rows, failure = [], None
        while True:
            kind, body = self.receive(stop=False)
            if kind == b"D":
                rows.append(columns(body))
            elif kind == b"E":
                failure = words(body)
            elif kind == b"Z":
                if failure:
                    raise Refused(f"{failure} (in: {sql[:120]})")
                return rows

    def send(self, kind, body):
        self.socket.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def receive(self, stop=True):
        head = self.buffer.read(5)
        if len(head) < 5:
            raise Refused("the server closed the connection")
        kind, (length,) = head[:1], struct.unpack("!i", head[1:])
        body = self.buffer.read(length - 4)
        if kind == b"E" and stop:
            raise Refused(words(body))
        return kind, body


def columns(body):
    (count,) = struct.unpack("!h", body[:2])
    at, row = 2, []
    for _ in range(count):
        (length,) = struct.unpack("!i", body[at : at + 4])
        at += 4
        row.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return row


def words(body):
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return fields.get(b"M", "the server gave no reason")
