// Rows on their way out: columns of a result -> ColumnValues (packed) or JSON-like objects.
#ifndef CORTEX_SERVER_RESULT_PROTO_H_
#define CORTEX_SERVER_RESULT_PROTO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "cortex/datastore/v1/types.pb.h"
#include "server/definition_proto.h"
#include "storage/column/column.h"

namespace cortex {

// Rows [first, first + count) of a result column. A dictionary is sent only where it is smaller than the strings, and
// only with the entries that are used.
void ColumnToProto(const Column& column, const std::string& name, uint32_t first, uint32_t count,
                   wire::ColumnValues* proto);

// Appends row `row` of a result as one JSON object.
void RowToProto(absl::Span<const std::string> names, const std::vector<Column>& columns, uint32_t row,
                wire::RowBatch* proto);

}  // namespace cortex

#endif  // CORTEX_SERVER_RESULT_PROTO_H_
