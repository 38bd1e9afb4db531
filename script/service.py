"""Shared by script/crash and script/chaos: builds the program and starts a server with the demonstration data."""
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


def uuid7():
    value = (int(time.time() * 1000) << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) | random.getrandbits(62)
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def find_program():
    program = os.environ.get("KETNGHIA")
    if program is None:
        os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
        subprocess.run(["cargo", "build", "--locked", "--quiet"], check=True)
        program = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "debug/ketnghia")
    return program


class Service:
    def __init__(self, name, unsafe, **settings):
        self.name = name
        self.program = find_program()
        # Accessible to the user who runs PostgreSQL when this is root.
        self.folder = tempfile.mkdtemp(prefix=f"ketnghia-{name}-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "JWT_KEYS_DIR", "PII_KEY_FILE")}
        limits = "RATE_LIMIT_PER_SECOND RATE_LIMIT_PER_MINUTE ADDRESS_LIMIT_PER_SECOND ADDRESS_LIMIT_PER_MINUTE CONNECTIONS_PER_ADDRESS"
        self.environment |= {limit: "0" for limit in limits.split()}
        self.environment |= {"DATA_DIR": self.folder, "RUST_LOG": "off", "KETNGHIA_UNSAFE_DURABILITY": str(unsafe).lower()} | settings
        self.log_file = os.path.join(self.folder, "server.log")
        self.log = open(self.log_file, "ab")
        self.process = None

    def start(self):
        command = [self.program, "serve", "--demo", "--bind-address", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, env=self.environment, stdout=self.log, stderr=self.log)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, path, body=None, token=None, if_match=None):
        """Returns status, headers and body; three times None without a complete answer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= {"If-Match": if_match} if if_match else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            try:
                answer = urllib.request.urlopen(request, timeout=20)
            except urllib.error.HTTPError as refused:
                answer = refused
            with answer:
                text = answer.read()
                return answer.status, answer.headers, json.loads(text) if text else None
        except (OSError, ValueError, http.client.HTTPException):
            return None, None, None

    def sign_in(self, username, password="ketnghia-demo"):
        status, _, tokens = self.call("POST", "/api/v1/auth/login", {"username": username, "password": password})
        return tokens if status == 200 else None

    def wait_until_ready(self, seconds):
        started = time.monotonic()
        while self.call("GET", "/health/ready")[0] != 200:
            if time.monotonic() - started > seconds:
                sys.exit(f"{self.name}: not ready within {seconds} s")
            time.sleep(0.05)
        return time.monotonic() - started

    def ask(self, sql):
        command = [self.program, "database", "--superuser", "--", "psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, check=True, text=True)
        return done.stdout.split()
