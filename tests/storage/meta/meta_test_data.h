// Definitions, records and a store in a fresh directory for the tests of this folder.
#ifndef CORTEX_TESTS_STORAGE_META_META_TEST_DATA_H_
#define CORTEX_TESTS_STORAGE_META_META_TEST_DATA_H_

#include <memory>
#include <string>
#include <vector>

#include "storage/meta/manifest.h"
#include "storage/meta/meta_store.h"

namespace cortex::testing {

// An ENTITIES table that uses every type, every compression and metadata.
TableDefinition WideTable(uint32_t id, const std::string& name = "entities");
// key, time.
TableDefinition SmallTable(uint32_t id, const std::string& name = "events");
SegmentRecord Segment(uint32_t table, uint64_t id);

// Compares what ManifestState holds; definitions by their bytes.
std::vector<std::string> Describe(const ManifestState& state);

// Copies all files of a flat directory, as they are now, to a new directory.
void CopyDir(const std::string& from, const std::string& to);
std::string ReadBytes(const std::string& path);
void WriteBytes(const std::string& path, const std::string& bytes);
// Paths in `dir` that end so.
std::vector<std::string> FilesEndingWith(const std::string& dir, const std::string& suffix);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_STORAGE_META_META_TEST_DATA_H_
