#!/usr/bin/python3
"""tools/check_layers.py finds each kind of breach in a small made-up tree, and nothing in a clean one."""
import importlib.util
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "check_layers.py")
spec = importlib.util.spec_from_file_location("check_layers", TOOL)
check_layers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_layers)

CLEAN = {
    "CMakeLists.txt": "", "CMakePresets.json": "{}", "CONTRIBUTING.md": "", "LICENSE": "", "README.md": "",
    "deploy/README.md": "", "proto/README.md": "", "connectors/README.md": "", "tools/README.md": "",
    "codecs/README.md": "", "codecs/codec.h": '#include "codecs/bytes/reader.h"\n',
    "codecs/bytes/README.md": "", "codecs/bytes/reader.h": "#include <cstdint>\n",
    "storage/README.md": "", "storage/segment_view.h": '#include "codecs/codec.h"\n',
    "storage/wal/README.md": "", "storage/wal/CMakeLists.txt": "wal.cc",
    "storage/wal/wal.h": "", "storage/wal/wal.cc": '#include "storage/wal/wal.h"\n#include "codecs/codec.h"\n',
    "storage/tiers/README.md": "", "storage/tiers/hot_tier.h": '#include "storage/segment_view.h"\n',
    "storage/tiers/warm_tier.h": "",
    "query/README.md": "", "query/engine.h": '#include "storage/segment_view.h"\n',
    "server/README.md": "", "server/service.h": '#include "query/engine.h"\n#include <grpcpp/grpcpp.h>\n',
    "tests/storage/wal/CMakeLists.txt": "wal_test.cc",
    "tests/storage/wal/wal_test.cc": '#include "server/service.h"\n#include <catch2/catch.hpp>\n',
}


class CheckLayersTest(unittest.TestCase):
    def breaches(self, changes):
        """What the checker says about the clean tree with `changes` (path -> text, None removes)."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**CLEAN, **changes}.items():
                if text is None:
                    continue
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(text)
            return check_layers.breaches(root)

    def assert_one(self, changes, where, what):
        found = self.breaches(changes)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(where + ":"), found)
        self.assertIn(what, found[0])

    def test_accepts_a_clean_tree(self):
        self.assertEqual(self.breaches({}), [])

    def test_ignores_the_build_tree(self):
        self.assertEqual(self.breaches({"build/release/junk.cc": "TO" + "DO", "cortex-data/x.cc": ""}), [])

    def test_finds_an_include_against_the_direction(self):
        wrong = '#include "query/engine.h"\n'
        self.assert_one({"storage/wal/wal.h": wrong}, "storage/wal/wal.h:1", "storage/wal may include only itself")
        self.assert_one({"codecs/codec.h": wrong}, "codecs/codec.h:1", "codecs may include only itself")
        self.assert_one({"connectors/sink.h": wrong}, "connectors/sink.h:1", "connectors may include")

    def test_finds_anything_that_depends_on_the_server(self):
        self.assert_one({"tools/probe.h": '#include "server/service.h"\n'}, "tools/probe.h:1", "tools may include")

    def test_finds_siblings_that_know_each_other(self):
        changes = {"storage/segment/README.md": "", "storage/segment/reader.h": '#include "storage/wal/wal.h"\n'}
        self.assert_one(changes, "storage/segment/reader.h:1", "storage/segment may include")

    def test_finds_tiers_that_know_each_other(self):
        changes = {"storage/tiers/warm_tier.h": '#include "storage/tiers/hot_tier.h"\n'}
        self.assert_one(changes, "storage/tiers/warm_tier.h:1", "tiers do not know each other")

    def test_finds_generated_messages_out_of_place(self):
        data = '#include "cortex/datastore/v1/types.pb.h"\n'
        self.assertEqual(self.breaches({"server/batch_proto.h": data}), [])
        self.assert_one({"query/engine.h": data}, "query/engine.h:1", "not visible in query")
        changes = {"storage/wal/wal.h": '#include "cortex/storage/v1/footer.pb.h"\n'}
        self.assert_one(changes, "storage/wal/wal.h:1", "not visible in storage/wal")

    def test_finds_a_library_away_from_its_address(self):
        self.assert_one({"storage/wal/wal.h": "#include <rocksdb/db.h>\n"}, "storage/wal/wal.h:1", "storage/meta")
        self.assert_one({"query/engine.h": '#include "hwy/highway.h"\n'}, "query/engine.h:1", "codecs/simd")

    def test_finds_an_include_that_is_not_from_the_root(self):
        self.assert_one({"storage/wal/wal.h": '#include "wal_reader.h"\n'}, "storage/wal/wal.h:1", "repository root")

    def test_finds_a_header_that_does_not_exist(self):
        self.assert_one({"query/engine.h": '#include "storage/gone.h"\n'}, "query/engine.h:1", "no such header")

    def test_finds_a_mutex_the_analysis_cannot_see(self):
        self.assert_one({"query/engine.h": "std::mutex mu;  // plain\n"}, "query/engine.h:1", "annotated mutex")
        self.assertEqual(self.breaches({"query/engine.h": "// std::mutex is wrapped\n"}), [])

    def test_finds_a_long_file(self):
        self.assertEqual(self.breaches({"query/engine.h": "\n" * 700}), [])
        self.assert_one({"query/engine.h": "\n" * 701}, "query/engine.h:701", "701 lines")

    def test_finds_marks_and_machine_paths(self):
        self.assert_one({"query/engine.h": "// TO" + "DO later\n"}, "query/engine.h:1", "left-over mark")
        self.assert_one({"README.md": "run /ho" + "me/ann/x\n"}, "README.md:1", "particular machine")
        self.assertEqual(self.breaches({"README.md": "/var/cortex/warm $HOME/work/x\n"}), [])

    def test_finds_what_is_strange_or_missing_at_the_top(self):
        self.assert_one({"notes.md": ""}, "notes.md", "does not belong")
        self.assert_one({"LICENSE": None}, "LICENSE", "missing at the top level")

    def test_finds_a_folder_without_readme(self):
        self.assert_one({"codecs/bytes/README.md": None}, "codecs/bytes", "no README.md")

    def test_finds_a_source_nobody_compiles(self):
        self.assert_one({"storage/wal/extra.cc": ""}, "storage/wal/extra.cc", "no CMakeLists.txt names it")

    def test_finds_a_test_that_mirrors_nothing(self):
        changes = {"tests/storage/gone/x_test.cc": "", "tests/storage/gone/CMakeLists.txt": "x_test.cc"}
        self.assert_one(changes, "tests/storage/gone/x_test.cc", "mirrors no source folder")


if __name__ == "__main__":
    unittest.main()
