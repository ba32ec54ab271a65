// Fuzz entry of server/batch_proto: any bytes as a ColumnBatch or RowBatch for a table with every type. Whatever is
// accepted must survive the way out and in again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "server/batch_proto.h"
#include "server/result_proto.h"
#include "tests/server/wire_builders.h"

namespace {

using cortex::Batch;

void CheckRoundTrip(const Batch& batch) {
  cortex::wire::ColumnBatch proto;
  proto.set_row_count(batch.row_count);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    cortex::ColumnToProto(batch.columns[i], batch.table->columns[i].name, 0, batch.row_count, proto.add_columns());
  }
  if (!cortex::BatchFromColumns(proto, batch.table).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto table = cortex::testing::AllTypesTable();
  if (size == 0) return 0;
  const int length = static_cast<int>(size - 1);
  if (data[0] % 2 == 0) {
    cortex::wire::ColumnBatch proto;
    if (!proto.ParseFromArray(data + 1, length)) return 0;
    if (const auto batch = cortex::BatchFromColumns(proto, table); batch.ok()) CheckRoundTrip(*batch);
  } else {
    cortex::wire::RowBatch proto;
    if (!proto.ParseFromArray(data + 1, length)) return 0;
    if (const auto batch = cortex::BatchFromRows(proto, table); batch.ok()) CheckRoundTrip(*batch);
  }
  return 0;
}
