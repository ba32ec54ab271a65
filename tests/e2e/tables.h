// Tables and rows the end-to-end tests share.
#ifndef CORTEX_TESTS_E2E_TABLES_H_
#define CORTEX_TESTS_E2E_TABLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cortex/datastore/v1/types.pb.h"
#include "tests/server/wire_builders.h"

namespace cortex::testing {

inline constexpr char kScores[] = R"({
  "name": "scores", "kind": "TABLE_KIND_EVENTS", "keyColumn": "id", "timeColumn": "at",
  "columns": [
    {"name": "id", "type": {"kind": "KIND_STRING", "length": 16}, "compression": "COMPRESSION_DICTIONARY"},
    {"name": "at", "type": {"kind": "KIND_TIMESTAMP"}},
    {"name": "score", "type": {"kind": "KIND_FLOAT64"}, "nullable": true},
    {"name": "state", "type": {"kind": "KIND_VECTOR", "element": "KIND_FLOAT32", "length": 4}, "nullable": true}],
  "tierPolicy": {}})";

inline constexpr char kUsers[] = R"({
  "name": "users", "kind": "TABLE_KIND_ENTITIES", "keyColumn": "id", "timeColumn": "at",
  "columns": [
    {"name": "id", "type": {"kind": "KIND_STRING"}},
    {"name": "at", "type": {"kind": "KIND_TIMESTAMP"}},
    {"name": "visits", "type": {"kind": "KIND_INT32"}, "nullable": true}],
  "tierPolicy": {}})";

// `count` rows of `scores`: ids e0, e1, ..., times first, first + 1, ..., score = number / 2, state = number + 0..3.
inline wire::ColumnBatch Scores(uint32_t first, uint32_t count) {
  wire::ColumnBatch batch;
  batch.set_row_count(count);
  std::string ids;
  std::vector<uint32_t> offsets = {0};
  std::vector<int64_t> times;
  std::vector<double> scores;
  std::vector<float> states;
  for (uint32_t i = first; i < first + count; ++i) {
    ids += "e" + std::to_string(i);
    offsets.push_back(static_cast<uint32_t>(ids.size()));
    times.push_back(i);
    scores.push_back(i / 2.0);
    for (int k = 0; k < 4; ++k) states.push_back(static_cast<float>(i) + static_cast<float>(k));
  }
  wire::ColumnValues* id = AddColumn(&batch, "id");
  id->set_values(ids);
  id->set_offsets(Pack(offsets));
  AddColumn(&batch, "at")->set_values(Pack(times));
  AddColumn(&batch, "score")->set_values(Pack(scores));
  AddColumn(&batch, "state")->set_values(Pack(states));
  return batch;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_E2E_TABLES_H_
