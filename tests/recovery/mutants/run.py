#!/usr/bin/python3
"""Takes one step out of storage at a time and shows which test notices: a harness that catches nothing proves nothing.

    tests/recovery/mutants/run.py BUILD [--only NAME] [--list]        BUILD: a configured build tree, e.g. build/release

Nothing in the tree changes: each mutant is one source compiled aside, linked before the library that holds the original.
Exit status 1 if a mutant survives or no longer applies. By hand: a mutant costs a compilation and up to two test programs.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RECOVERY, STORAGE = "recovery_test", "storage_test"
PATHS = {RECOVERY: "tests/recovery/recovery_test", STORAGE: "tests/storage/storage_test"}

# name, file, what goes, what comes, the test programs with their arguments, in the order in which they are tried
MUTANTS = [
    ("log not synced", "storage/commit_log.cc", "RETURN_IF_ERROR(wal_->Sync());", "",
     [(RECOVERY, "[schedule]")]),
    ("segment not synced", "storage/segment/piece_writer.cc", "RETURN_IF_ERROR(file_->SyncAll());", "",
     [(RECOVERY, "[schedule]")]),
    ("directory not synced", "storage/io/durable_file.cc", "return fs->SyncDir(DirName(path));",
     "return absl::OkStatus();", [(RECOVERY, "[schedule]")]),
    ("manifest not synced", "storage/meta/meta_store.cc", "db_->Write(batch.batch(), /*synced=*/true)",
     "db_->Write(batch.batch(), /*synced=*/false)", [(RECOVERY, "[schedule]")]),
    ("page checksum not compared", "storage/segment/paged_source.cc", "if (actual == expected) return absl::OkStatus();",
     "return absl::OkStatus();", [(RECOVERY, "[damage]")]),
    ("record checksum not compared", "storage/wal/wal_reader.cc", "if (checksum != header->payload_checksum || ",
     "if (", [(RECOVERY, "[damage]")]),
    ("seal point not committed", "storage/tiers/sealer.cc",
     "edit.SetSealPoint(table.id(), closed.shard, closed.seal_point);", "", [(RECOVERY, "[schedule]")]),
    ("ends not saved with a seal", "storage/tiers/sealer.cc",
     "edit->PutEnds(table->id(), segment.id(), segment.versions->List());", "", [(RECOVERY, "[schedule]")]),
    ("sources stay in the manifest", "storage/tiers/mover.cc",
     "for (const SegmentId id : source_ids) edit.RemoveSegment(table->id(), id);", "", [(RECOVERY, "[schedule]")]),
    ("late ends not translated at publishing", "storage/tiers/mover.cc",
     "[&] { TranslateLateEnds(unit, sources, destinations, targets); }", "[&] {}", [(STORAGE, "")]),
    ("sources not retired", "storage/tiers/mover.cc",
     "// Retire.\n  for (const LiveSegment& source : sources) source.file->Retire();", "",
     [(STORAGE, "Database shows each row once in every tier and after every restart")]),
    ("torn tail not cut", "storage/wal/wal_writer.cc",
     "if (tail.torn_bytes > 0 || tail.loss.has_value()) RETURN_IF_ERROR(current_->Truncate(file.used_bytes));", "",
     [("storage_wal_test", "")]),
]
PATHS["storage_wal_test"] = "tests/storage/wal/storage_wal_test"


# Says nothing: a machine may be busy.
DID_NOT_END = "did not end in time"


def compile_command(build, source):
    for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
        if os.path.realpath(os.path.join(entry["directory"], entry["file"])) == os.path.join(TREE, source):
            return entry["command"]
    sys.exit(f"mutants: {source} is not compiled in {build}")


def link_command(build, target):
    done = subprocess.run(["ninja", "-C", build, "-t", "commands", target], capture_output=True, text=True, check=True)
    return done.stdout.strip().split("\n")[-1].removeprefix(": && ").removesuffix(" && :")


def shell(command, build):
    return subprocess.run(command, shell=True, cwd=build, capture_output=True, text=True, check=False)


def make_object(build, mutant, work):
    _, source, old, new, _ = mutant
    text = open(os.path.join(TREE, source)).read()
    if text.count(old) != 1:
        return None, f"stands {text.count(old)} times in {source}"
    copy = os.path.join(work, os.path.basename(source))
    open(copy, "w").write(text.replace(old, new))
    command = re.sub(r" -o \S+", f" -o {work}/mutant.o", compile_command(build, source)).replace("-Werror", "")
    command = re.sub(r" -c \S+$", f" -c {copy}", command)
    done = shell(command, build)
    return (f"{work}/mutant.o", "") if done.returncode == 0 else (None, done.stderr[-500:])


def try_test(build, mutant_object, test, argument, work):
    """What the test says: the first failing line, or None when it notices nothing."""
    target = PATHS[test]
    binary = os.path.join(work, test)
    link = link_command(build, target)
    at = link.index(" -o ")
    link = f"{link[:at]} {mutant_object}{link[at:]}".replace(f" -o {target} ", f" -o {binary} ", 1)
    linked = shell(link, build)
    if linked.returncode != 0:
        sys.exit(f"mutants: cannot link {test}: {linked.stderr[-500:]}")
    try:
        done = subprocess.run([binary, "--abort"] + ([argument] if argument else []), capture_output=True, text=True,
                              timeout=900, check=False)
    except subprocess.TimeoutExpired:
        return DID_NOT_END
    if done.returncode == 0:
        return None
    seed = re.search(r"seed := (\d+)", done.stdout)
    shown = re.search(r'"(\d+ uncertain steps|row twice|[^"]*left over|\d+ files for)[^"]{0,60}|REQUIRE[^\n]{0,60}', done.stdout)
    words = " ".join(shown.group(0).split()) if shown else f"status {done.returncode}"
    return (f"seed {seed.group(1)}: " if seed else "") + words


def main():
    parser = argparse.ArgumentParser(description="Which test notices a missing step of storage?")
    parser.add_argument("build", nargs="?", default="build/release")
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    survivors = 0
    for mutant in MUTANTS:
        if options.only not in mutant[0]:
            continue
        if options.list:
            print(mutant[0])
            continue
        with tempfile.TemporaryDirectory(prefix="cortex-mutant-") as work:
            mutant_object, problem = make_object(build, mutant, work)
            verdict = None
            for test, argument in mutant[4] if mutant_object else []:
                verdict = try_test(build, mutant_object, test, argument, work)
                if verdict:
                    verdict = f"{'' if verdict == DID_NOT_END else 'caught by '}{test} {argument}: {verdict}"
                    break
            if not mutant_object:
                verdict = f"DOES NOT APPLY: {problem}"
            survivors += 0 if verdict and verdict.startswith("caught") else 1
            print(f"{mutant[0]:40} {verdict or 'SURVIVES'}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
