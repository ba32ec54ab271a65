"""Starts the built cortexd in a new directory on free ports, for tests of commands; ends it with the test."""
import json
import os
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
READY_SECONDS = 120
NO_RESERVE = [f"--data.{tier}reserve_bytes=0" for tier in ("", "warm_", "cold_")]  # whatever disk tests run on


class Server:
    """Use as a context manager. `binary` is the path of cortexd; `flags` come after those that set ports and directory."""

    def __init__(self, binary, flags=()):
        self.binary, self.flags = binary, list(flags)

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="cortex-test-")
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        return self

    def start(self):
        ready = os.path.join(self.directory, "ready.json")
        if os.path.exists(ready):
            os.remove(ready)
        self.log_path = os.path.join(self.directory, "log.jsonl")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--server.listen=127.0.0.1:0", "--ops.listen=", "--metrics.listen=",
                 f"--server.ready_file={ready}", f"--data.dir={self.directory}/data", *NO_RESERVE] + self.flags,
                stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + READY_SECONDS
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                with open(self.log_path, encoding="utf-8", errors="replace") as log:
                    raise AssertionError("cortexd did not start:\n" + log.read()[-2000:])
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as f:
            self.address = f"127.0.0.1:{json.load(f)['grpc_port']}"

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=120)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory)
