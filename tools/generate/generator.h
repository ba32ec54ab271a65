// Seeded rows for scale: clustered, slowly drifting, a pure function of (seed, row). Not real data; what is measured on
// them is labelled `generated`.
//
// 256 clusters, one entity per ten rows, each entity drifting over its rows around the centroid of its cluster. Times rise
// by one millisecond a row, one row in ten up to two seconds late. Scores are correlated with the cluster, hurst_exponent
// varies slowly along the rows, lacunarity is rounded to 10^-4, so that every encoding meets a column it likes.
#ifndef CORTEX_TOOLS_GENERATE_GENERATOR_H_
#define CORTEX_TOOLS_GENERATE_GENERATOR_H_

#include <complex>
#include <cstdint>
#include <string>
#include <vector>

#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::generate {

namespace v1 = ::cortex::datastore::v1;

struct GeneratorOptions {
  uint64_t seed = 1;
  uint64_t row_count = 1'000'000;  // entities: a tenth
  bool vectors = false;            // also css_field_state, i_am_vector and embedding_vector: 7.7 kB a row
  int64_t first_time_ns = 1'767'225'600'000'000'000;  // 2026-01-01
};

class Generator final {
 public:
  explicit Generator(const GeneratorOptions& options);

  // Columns that rows have, in the types of the built-in table css_fields; key entity_id, time timestamp.
  v1::TableDefinition Definition(const std::string& table_name) const;
  // Rows [begin, begin + count), in the order of Definition. Thread-safe.
  v1::ColumnBatch Rows(uint64_t begin, uint32_t count) const;

  std::string EntityId(uint64_t row) const;
  int64_t TimeNs(uint64_t row) const;
  // The field of one row as packed complex128: what a query vector near that row is made from.
  std::string Field(uint64_t row) const;

  const GeneratorOptions& options() const { return options_; }

 private:
  uint64_t Entity(uint64_t row) const;
  void AppendVectors(uint64_t row, v1::ColumnValues* field, v1::ColumnValues* state, v1::ColumnValues* embedding) const;

  const GeneratorOptions options_;
  std::vector<std::complex<double>> field_centroids_;  // [cluster][256]
  std::vector<float> state_centroids_;                 // [cluster][512]
};

}  // namespace cortex::generate

#endif  // CORTEX_TOOLS_GENERATE_GENERATOR_H_
