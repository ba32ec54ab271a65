#!/usr/bin/python3
"""Every command of cortexctl against a real server, with its exit status.

    cortexctl_test.py CORTEXD CORTEXCTL CORTEX_GENERATE
"""
import json
import os
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_fixture import Server  # noqa: E402

CORTEXD, CORTEXCTL, GENERATE = (os.path.abspath(p) for p in sys.argv[1:4])
ROWS = 2500


class CortexctlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(CORTEXD).__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.files = os.path.join(cls.server.directory, "files")
        subprocess.run([GENERATE, cls.files, "--rows", str(ROWS), "--vectors", "--table", "fields"], check=True,
                       stderr=subprocess.DEVNULL)
        cls.call(cls, "ingest", "--create", "--quiet", cls.files + "/fields")

    def call(self, *arguments, status=0, server=None):
        """Standard output of `cortexctl ARGUMENTS`, which must end with `status`."""
        run = subprocess.run([CORTEXCTL, "--server", server or self.server.address, *arguments], capture_output=True,
                             text=True, timeout=120, check=False)
        if run.returncode != status:
            raise AssertionError(f"{arguments}: status {run.returncode}, not {status}\n{run.stdout}\n{run.stderr}")
        self.errors = run.stderr
        return run.stdout

    def rows(self, *arguments):
        return [json.loads(line) for line in self.call("query", "--format", "json", *arguments).splitlines()]

    def test_tables_and_describe(self):
        tables = [json.loads(line) for line in self.call("tables", "--format", "json").splitlines()]
        self.assertIn({"table": "fields", "kind": "events", "rows": ROWS, "columns": 12}, tables)
        self.assertIn("fmo_entities", [t["table"] for t in tables])
        self.assertIn("vector<complex128, 256>", self.call("describe", "fields"))

    def test_query_formats(self):
        self.assertEqual(self.rows("SELECT count(*) AS n FROM fields"), [{"n": ROWS}])
        self.assertEqual(self.call("query", "--format", "csv", "SELECT count(*) AS n FROM fields"), f"n\n{ROWS}\n")
        self.assertIn("----", self.call("query", "SELECT count(*) AS n FROM fields", "--stats"))
        self.assertIn("1 row in", self.errors)

    def test_query_parameters(self):
        one = self.rows("SELECT count(*) AS n FROM fields WHERE coherence_score < $1", "--param", "0.5")[0]["n"]
        named = self.rows("SELECT count(*) AS n FROM fields WHERE coherence_score < :limit", "-p", "limit=0.5")[0]["n"]
        self.assertEqual(one, named)
        self.assertTrue(0 < one < ROWS)

    def test_vector_parameter_finds_its_own_row(self):
        found = self.rows("SELECT entity_id, css_distance(css_field_state, $1) AS d FROM fields ORDER BY d LIMIT 1",
                          "--param", f"@{self.files}/fields/css_field_state.npy:1234")
        with open(self.files + "/fields/entity_id.jsonl", encoding="utf-8") as f:
            self.assertEqual(found, [{"entity_id": json.loads(f.read().splitlines()[1234]), "d": 0}])

    def test_explain_and_stats(self):
        self.assertIn("fields", self.call("explain", "SELECT count(*) FROM fields"))
        self.assertIn("execute", self.call("explain", "--analyze", "SELECT count(*) FROM fields"))
        stats = [json.loads(line) for line in self.call("stats", "fields", "--format", "json").splitlines()]
        self.assertEqual(sum(s["rows"] for s in stats), ROWS)
        self.assertIn("memory", self.call("project", "--entities", "1000000"))
        self.assertIn("everything up to commit", self.call("flush"))
        self.assertIn("wal.limit_bytes", self.call("config"))

    def test_moves_between_tiers_keep_every_answer(self):
        cql = ("SELECT count(*) AS n, sum(hurst_exponent) AS s, min(entity_id) AS a, max(timestamp) AS t FROM moving")
        self.call("ingest", "--create", "--quiet", "--table", "moving", self.moving_files())
        before = self.rows(cql)
        self.assertIn("paused", self.call("tier", "pause"))
        for source, target in (("hot", "warm"), ("warm", "cold")):
            moved = self.call("tier", "move", "moving", source, target)
            self.assertRegex(moved, rf"^moving: {source} -> {target}: {ROWS:,} rows, \d+ segments, \d+\.\d [kM]B\n$")
            self.assertEqual(self.rows(cql), before)
        self.assertRegex(self.call("stats", "moving"), r"files: .* ratio \d+\.\d\d\n(.*\n)*tiering paused, moves [1-9]")
        self.assertIn("running", self.call("tier", "resume"))
        stats = [json.loads(line) for line in self.call("stats", "moving", "--format", "json").splitlines()]
        self.assertEqual({s["tier"]: s["rows"] for s in stats if s["rows"]}, {"cold": ROWS})

    def moving_files(self):
        subprocess.run([GENERATE, self.files, "--rows", str(ROWS), "--table", "moving", "--seed", "3"], check=True,
                       stderr=subprocess.DEVNULL)
        return self.files + "/moving"

    def test_ingest_csv_and_get(self):
        self.call("query", "CREATE TABLE notes (name string(32) NOT NULL, at timestamp NOT NULL, score float64, words "
                           "list<string>) KIND ENTITIES KEY name TIME at")
        path = os.path.join(self.server.directory, "notes.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write('name,at,score,words\na,2026-01-01T00:00:00Z,0.5,"[""x"",""y""]"\n"b, c",2,,\n')
        self.call("ingest", "--table", "notes", path, "--quiet")
        self.assertEqual(json.loads(self.call("get", "notes", "b, c", "--columns", "name,score", "--format", "json")),
                         {"name": "b, c", "score": None})
        self.assertEqual(self.rows("SELECT words FROM notes WHERE name = 'a'"), [{"words": ["x", "y"]}])
        self.call("get", "notes", "nobody", "--columns", "*", status=4)
        self.assertIn("nobody", self.errors)

    def test_a_table_tells_what_was_declared_and_reads_its_past(self):
        self.call("query", "CREATE TABLE told (k string(8), at timestamp, x float64 DEFAULT 2.5 COMPRESSION "
                           "zptv(rms = 1e-3)) KIND ENTITIES KEY k TIME at TIER HOT FOR 1 HOURS OR 5 ROWS, COLD FOR 3 DAYS")
        path = self.files + "/told.csv"
        for value in ("1", "2"):
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"k,at,x\na,{int(time.time() * 1e9)},{value}\n")
            self.call("ingest", "--table", "told", path, "--quiet")
        said = self.call("describe", "told")
        self.assertIn("hot for 1 h or 5 rows, ", said)
        self.assertIn("cold until 3 d old, then gone; history for ever", said)
        self.assertIn(" 2.5  ", said)
        self.assertIn("zptv(rms=0.001)", said)

        first = self.rows("SELECT min(_commit) AS c FROM told WITH (history = true)")[0]["c"]
        get = ["get", "told", "a", "--columns", "x", "--format", "json"]
        self.assertEqual(json.loads(self.call(*get)), {"x": 2})
        self.assertEqual(json.loads(self.call(*get, "--as-of", str(first))), {"x": 1})
        self.call(*get, "--as-of", "999999999", status=5)

    def test_pins_and_compaction(self):
        self.call("query", "CREATE TABLE kept (k string(8), at timestamp) KIND EVENTS KEY k TIME at")
        self.assertEqual(self.call("tier", "pin", "kept", "warm"), "kept: kept in warm or faster\n")
        self.assertIn(", pinned to warm; history", self.call("describe", "kept"))
        self.assertEqual(self.call("tier", "unpin", "kept"), "kept: its policy decides again\n")
        self.assertNotIn("pinned", self.call("describe", "kept"))
        self.call("tier", "pin", "nosuch", "warm", status=4)
        path = self.files + "/kept.csv"
        for i in range(3):  # one file each: the same key is in the same shard
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"k,at\na,{int(time.time() * 1e9) + i}\n")
            self.call("ingest", "--table", "kept", "--tier", "warm", path, "--quiet")
        self.assertEqual(self.call("tier", "compact", "kept", "warm"), "kept: 3 files of warm are now 1\n")
        self.assertIn("write amplification", self.call("stats"))
        self.assertEqual(self.rows("SELECT count(*) AS n FROM kept"), [{"n": 3}])
        columns = self.call("stats", "kept", "--columns")
        self.assertIn("rms_error", columns)
        self.assertNotIn(" cold ", columns)

    def test_columns_of_empty_strings_survive_every_tier(self):
        self.call("query", "CREATE TABLE blanks (k string(8) NOT NULL, t timestamp NOT NULL, s string) "
                           "KIND EVENTS KEY k TIME t")
        path = os.path.join(self.server.directory, "blanks.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write('k,t,s\na,1,""\n')
        for tier in ("hot", "warm", "cold"):
            self.call("ingest", "--table", "blanks", "--tier", tier, path, "--quiet")
        self.assertEqual(self.rows("SELECT k, s FROM blanks"), [{"k": "a", "s": ""}] * 3)

    def test_ingest_into_cold(self):
        subprocess.run([GENERATE, self.files, "--rows", "100", "--table", "frozen"], check=True, stderr=subprocess.DEVNULL)
        self.call("ingest", "--create", "--quiet", "--tier", "cold", self.files + "/frozen")
        stats = [json.loads(line) for line in self.call("stats", "frozen", "--format", "json").splitlines()]
        self.assertEqual({s["tier"]: s["rows"] for s in stats if s["rows"]}, {"cold": 100})

    def test_a_named_load_is_applied_once_and_followed(self):
        self.call("query", "CREATE TABLE once (id string NOT NULL, at timestamp NOT NULL, x int64) KIND EVENTS "
                           "KEY id TIME at")
        path = self.files + "/once.csv"
        with open(path, "w", encoding="utf-8") as f:
            f.write("id,at,x\n" + "".join(f"k{i},{i + 1},{i}\n" for i in range(100)))
        load = ["ingest", path, "--table", "once", "--producer", "load-1", "--batch-rows", "10"]
        self.call(*load)
        self.call(*load)
        self.assertIn("10 of 10 batches had been applied before", self.errors)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM once"), [{"n": 100}])
        self.call(*load[:-1], "20", status=6)  # other content under the same numbers

        place = self.files + "/place"
        follow = ["subscribe", "once", "--columns", "id,x", "--after", "0", "--token-file", place, "--once"]
        rows = [json.loads(line) for line in self.call(*follow).splitlines()]
        self.assertEqual(sorted(r["x"] for r in rows), list(range(100)))
        self.assertEqual(self.call(*follow), "")

    def test_verify_and_backups_without_a_place(self):
        self.assertEqual(self.call("verify", "--quiet"), "no damage\n")
        self.call("verify", "nosuch", status=4)
        self.call("backup", "create", status=5)
        self.assertIn("set backup.dir", self.errors)
        self.call("backup", "list", "--offline", self.files + "/nosuch", status=4)
        self.call("backup", "restore", "--offline", self.files, self.files + "-restored", status=4)

    def test_exit_statuses(self):
        self.call("tables", "--nope", status=2)
        self.call("tables", status=3, server="127.0.0.1:1")
        self.call("describe", "nowhere", status=4)
        self.call("query", "SELECT count(*) FROM fieldz", status=4)
        self.call("query", "SELEKT 1", status=5)
        self.assertIn("1:1", self.errors)
        self.call("ingest", "--quiet", self.files + "/nothing-here", "--table", "fields", status=4)

    def test_completion_is_a_valid_script(self):
        script = self.call("completion", "bash")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        for word in ("ingest", "--param", "--format", "tier"):
            self.assertIn(word, script)


    def test_ingest_waits_for_a_full_server_as_long_as_it_is_told(self):
        path = os.path.join(self.server.directory, "full.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("k,at\na,1\n")
        create = "CREATE TABLE waits (k string(8) NOT NULL, at timestamp NOT NULL) KIND EVENTS KEY k TIME at"
        with Server(CORTEXD) as full:
            self.call("query", create, server=full.address)
            full.stop()
            full.flags = ["--data.reserve_bytes=1000000000000000000"]  # no disk has so much free
            full.start()
            load = ["ingest", path, "--table", "waits"]
            self.call(*load, "--producer", "p", "--patience", "2", status=6, server=full.address)
            self.assertIn("waits: waiting for the server: ", self.errors)
            self.assertIn("gave up after 2 s without a batch acknowledged", self.errors)
            self.call(*load, status=6, server=full.address)
            self.assertIn("with --producer NAME the command waits", self.errors)
            self.assertNotIn("waiting for the server", self.errors)
            full.stop()
            full.flags = []
            full.start()
            self.call(*load, "--producer", "p", server=full.address)
            counted = self.call("query", "--format", "csv", "SELECT count(*) AS n FROM waits", server=full.address)
            self.assertEqual(counted, "n\n1\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
