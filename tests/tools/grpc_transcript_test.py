#!/usr/bin/python3
"""Runs the commands of grpc_transcript.md against a real server; answers must contain what the transcript shows.

    grpc_transcript_test.py CORTEXD BUF_INSTALL_DIR
"""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_fixture import ROOT, Server  # noqa: E402

WRITTEN_ADDRESS = "127.0.0.1:7411"


def commands(text):
    """(command, expected answer) pairs of all console blocks."""
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected.strip()


def missing(expected, actual, path="answer"):
    """Where `actual` does not contain `expected`; None where it does. Objects may hold more, arrays may not."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                return f"{path}.{key} is missing"
            wrong = missing(value, actual[key], f"{path}.{key}")
            if wrong:
                return wrong
        return None
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return next(filter(None, (missing(e, a, f"{path}[{i}]") for i, (e, a) in enumerate(zip(expected, actual)))), None)
    return None if expected == actual else f"{path} is {actual!r}, the transcript shows {expected!r}"


def merged(documents):
    """A stream answers with several messages; the transcript shows them as one."""
    result = {}
    for document in documents:
        result.update(document)
    return result


def parse_documents(text):
    decoder, documents, at = json.JSONDecoder(), [], 0
    while at < len(text):
        document, end = decoder.raw_decode(text, at)
        documents.append(document)
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return documents


def main():
    with open(os.path.join(ROOT, "tests", "tools", "grpc_transcript.md"), encoding="utf-8") as f:
        transcript = f.read()
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    steps = list(commands(transcript))
    assert len(steps) >= 4, "the transcript has fewer commands than it should"
    if "buf curl" in readme:
        for command, _ in steps:
            assert command in readme, "the README's transcript differs from tests/tools/grpc_transcript.md: " + command
    environment = {**os.environ, "BUF_INSTALL_DIR": sys.argv[2]}
    with Server(sys.argv[1]) as server:
        for command, expected in steps:
            run = subprocess.run(command.replace(WRITTEN_ADDRESS, server.address), shell=True, cwd=ROOT, env=environment,
                                 capture_output=True, text=True, timeout=120, check=False)
            assert run.returncode == 0, f"{command}\nexit status {run.returncode}: {run.stderr}"
            wrong = missing(json.loads(expected), merged(parse_documents(run.stdout.strip())))
            assert not wrong, f"{command}\n{wrong}\n{run.stdout}"
            print("ok:", command.rsplit("/", 1)[1])
        assert server.stop() == 0, "SIGTERM did not end cortexd with status 0"
    print(f"{len(steps)} commands answered as the transcript shows")


if __name__ == "__main__":
    main()
