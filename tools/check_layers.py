#!/usr/bin/python3
"""Keeps the architecture diagram true: reads every #include line and the shape of the tree, prints each breach.

    tools/check_layers.py [ROOT]        exit status 0: clean, 1: breaches printed as path:line: sentence, 2: usage

Walls: codecs <- storage <- query <- server, and inside storage runtime <- io <- column <- {segment, wal, meta} <- table
<- tiers <- database. A folder may include itself and what stands before it; connectors see storage and proto; nothing
sees server. Each third-party library has one address. Tidiness: the top level, file length, include spelling, folder
READMEs, tests that mirror the tree, sources that a CMakeLists.txt names, no left-over marks, no machine's own paths.
Tests may include anything. Standard library only, so it runs on a bare machine.
"""
import os
import re
import sys

CODECS = ["codecs"]
COLUMN_AND_BELOW = ["codecs", "storage/runtime", "storage/io", "storage/column"]
# Interfaces that live beside the door of storage and that the folders behind the door implement.
SEAM = ["storage/segment_view.h", "storage/segment_access.h", "storage/zone_map.h"]

# Folder -> what it may include besides itself: folders, or single headers. The longest matching folder decides.
MAY_INCLUDE = {
    "codecs/bytes": [],
    "codecs/simd": ["codecs/bytes"],
    "codecs": CODECS,
    "storage/runtime": CODECS,
    "storage/io": CODECS + ["storage/runtime"],
    "storage/column": CODECS + ["storage/runtime", "storage/io"],
    "storage/segment": COLUMN_AND_BELOW + SEAM + ["proto:storage"],
    "storage/wal": COLUMN_AND_BELOW,
    "storage/meta": COLUMN_AND_BELOW + SEAM + ["proto:storage"],
    "storage/table": COLUMN_AND_BELOW + SEAM + ["storage/segment", "storage/wal", "storage/meta"],
    "storage/tiers": COLUMN_AND_BELOW + SEAM + ["storage/segment", "storage/wal", "storage/meta", "storage/table"],
    "storage/backup": COLUMN_AND_BELOW + SEAM + ["storage/segment", "storage/wal", "storage/meta", "storage/table"],
    "storage/segment_view.h": COLUMN_AND_BELOW + SEAM,
    "storage/zone_map.h": COLUMN_AND_BELOW,
    "storage": ["codecs", "storage"],
    "query/cql": ["codecs", "storage/runtime", "storage/column"],
    "query/expr": ["codecs", "storage", "query/cql"],
    "query/plan": ["codecs", "storage", "query/cql", "query/expr"],
    "query/exec": ["codecs", "storage", "query/cql", "query/expr", "query/plan"],
    "query": ["codecs", "storage", "query"],
    "connectors": ["codecs", "storage", "proto"],
    "server": ["codecs", "storage", "query", "connectors", "proto"],
    "tools": ["codecs", "storage", "connectors", "proto"],
    "tests": None,
}

# Include prefix -> the folders that are its address.
THIRD_PARTY = {
    "grpc": ["server", "connectors", "tools"],
    "grpcpp": ["server", "connectors", "tools"],
    "google/protobuf": ["server", "connectors", "tools", "storage/segment", "storage/meta"],
    "rocksdb": ["storage/meta"],
    "openssl": ["storage/backup"],
    "hwy": ["codecs/simd"],
    "spdlog": ["server", "connectors", "storage/tiers"],
    "prometheus": ["server"],
    "yaml-cpp": ["server"],
    "CLI": ["server", "tools"],
    "catch2": [],
    "zstd.h": ["codecs"],
    "lz4.h": ["codecs"],
    "lz4hc.h": ["codecs"],
    "xxhash.h": ["codecs/bytes"],
    "absl/synchronization/mutex.h": [],
}

TOP_LEVEL = set("""CMakeLists.txt CMakePresets.json CONTRIBUTING.md LICENSE README.md
    codecs connectors deploy proto query server storage tests tools""".split())
NOT_OURS = {"build", "cortex-data", "node_modules", "__pycache__", "compile_commands.json"}
TESTS_OF_NO_FOLDER = {"support", "cql", "golden", "recovery", "e2e", "fuzz", "bench"}
MAX_LINES = 700
SOURCES = (".cc", ".h")
TEXTS = SOURCES + (".py", ".sh", ".md", ".txt", ".cmake", ".proto", ".json", ".yaml", ".yml", ".service", ".cqltest", "")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
GENERATED = re.compile(r"^(?:proto/)?cortex/(\w+)/v\d+/\w+\.pb\.h$")
MARKS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:work|home|root|Users)/\w")
PLAIN_MUTEX = re.compile(r"\bstd::(?:shared_|recursive_|timed_)*mutex\b")


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def rule_of(path):
    """The longest folder of MAY_INCLUDE that holds `path`, or None."""
    return max((f for f in MAY_INCLUDE if within(path, f)), key=len, default=None)


def check_our_include(path, target):
    """Says why `path` must not include our header `target`; None when it may."""
    folder = rule_of(path)
    allowed = MAY_INCLUDE[folder]
    generated = GENERATED.match(target)
    if generated:
        names = ("proto", "proto:" + generated.group(1))
        if allowed is None or any(name in allowed for name in names):
            return None
        return f'"{target}": generated messages are not visible in {folder}'
    if allowed is None or rule_of(target) == folder or any(within(target, a) for a in allowed):
        return None
    return f'"{target}": {folder} may include only itself' + (f" and {', '.join(allowed)}" if allowed else "")


def check_tier_blindness(path, target):
    """The three tiers do not know each other; only the tier manager and the mover know their order."""
    tier = re.match(r"storage/tiers/(hot|warm|cold)_tier\.", path)
    other = re.match(r"storage/tiers/(hot|warm|cold)_tier\.", target)
    if tier and other and tier.group(1) != other.group(1):
        return f'"{target}": the tiers do not know each other'
    return None


def check_third_party(path, target):
    for prefix, addresses in THIRD_PARTY.items():
        if within(target, prefix) and not within(path, "tests"):
            if not any(within(path, a) for a in addresses):
                where = ", ".join(addresses) or "tests"
                return f"<{target}>: this library's address is {where}"
    return None


def check_source(root, path, lines):
    """Breaches of one C++ file, as (line number, sentence)."""
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            target = include.group(1) or include.group(2)
            first = target.split("/")[0]
            wrong = None
            if GENERATED.match(target) or first in TOP_LEVEL and "/" in target:
                wrong = check_our_include(path, target) or check_tier_blindness(path, target)
                if not wrong and not GENERATED.match(target) and not os.path.exists(os.path.join(root, target)):
                    wrong = f'"{target}": no such header'
            elif include.group(1) and "/" not in target:
                wrong = f'"{target}": write includes from the repository root'
            wrong = wrong or check_third_party(path, target)
            if wrong:
                yield number, wrong
        elif PLAIN_MUTEX.search(line.split("//")[0]) and not within(path, "tests") and path != "storage/runtime/mutex.h":
            yield number, "use the annotated mutex of storage/runtime, which the thread-safety preset can check"


def check_text(path, lines):
    if len(lines) > MAX_LINES:
        yield len(lines), f"{len(lines)} lines; split it, {MAX_LINES} is the limit"
    for number, line in enumerate(lines, 1):
        if MARKS.search(line):
            yield number, "left-over mark; finish it or say it in one plain sentence"
        if MACHINE_PATH.search(line):
            yield number, "a path of one particular machine"


def check_folder(root, folder, names):
    """Breaches of one folder: README, sources nobody compiles, tests that mirror nothing."""
    sources = [n for n in names if n.endswith(SOURCES)]
    if sources and "README.md" not in names and not within(folder, "tests"):
        yield folder, "holds sources but no README.md"
    listed = ""
    up = folder
    while up:
        listing = os.path.join(root, up, "CMakeLists.txt")
        if os.path.exists(listing):
            with open(listing, encoding="utf-8") as f:
                listed += f.read()
        up = os.path.dirname(up)
    for name in sources:
        fuzzer = f"cortex_fuzzer({name[:-len('_fuzz.cc')]} " in listed  # the function adds the ending
        if name.endswith(".cc") and name not in listed and not fuzzer:
            yield f"{folder}/{name}", "no CMakeLists.txt names it"
        if name.endswith("_test.cc") and within(folder, "tests"):
            mirrored = folder[len("tests/"):]
            if mirrored.split("/")[0] not in TESTS_OF_NO_FOLDER and not os.path.isdir(os.path.join(root, mirrored)):
                yield f"{folder}/{name}", f"mirrors no source folder: {mirrored or 'tests'} does not exist"


def walk(root):
    """Yields (folder relative to root, file names) of what is ours."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in NOT_OURS and not f.startswith("."))
        relative = os.path.relpath(folder, root)
        yield "" if relative == "." else relative, sorted(n for n in names if n not in NOT_OURS and n != ".git")


def breaches(root):
    found = []
    top = {n for n in os.listdir(root) if n not in NOT_OURS and not n.startswith(".")}
    found += [f"{name}: does not belong at the top level" for name in sorted(top - TOP_LEVEL)]
    found += [f"{name}: missing at the top level" for name in sorted(TOP_LEVEL - top)]
    for folder, names in walk(root):
        found += [f"{where}: {what}" for where, what in check_folder(root, folder, names)]
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if os.path.splitext(name)[1] not in TEXTS or os.path.islink(os.path.join(root, path)):
                continue
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
                lines = f.read().splitlines()
            found += [f"{path}:{number}: {what}" for number, what in check_text(path, lines)]
            if name.endswith(SOURCES) and rule_of(path):
                found += [f"{path}:{number}: {what}" for number, what in check_source(root, path, lines)]
    return found


def main(arguments):
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 2
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    found = breaches(root)
    for line in found:
        print(line)
    print(f"check_layers: {len(found)} breaches" if found else "check_layers: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
