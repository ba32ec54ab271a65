// Runs one CQL statement and hands its batches over as they arrive.
#ifndef CORTEX_TOOLS_CLIENT_QUERY_RUNNER_H_
#define CORTEX_TOOLS_CLIENT_QUERY_RUNNER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/client/connection.h"
#include "tools/client/wire_column.h"

namespace cortex::client {

// Called with the schema and each batch of rows; returning an error cancels the query.
using BatchCallback = std::function<absl::Status(const v1::ResultSchema&, const v1::ColumnBatch&)>;

// Errors: the server's, or the callback's. `timeout_ms` 0 waits as long as the server does.
absl::StatusOr<v1::QueryTrailer> RunQuery(const Connection& connection, const v1::QueryRequest& request, int timeout_ms,
                                          const BatchCallback& on_batch);

// A whole result in memory: for small answers.
struct QueryResult {
  v1::ResultSchema schema;
  std::vector<v1::ColumnBatch> batches;
  v1::QueryTrailer trailer;
};
absl::StatusOr<QueryResult> CollectQuery(const Connection& connection, const v1::QueryRequest& request, int timeout_ms);
absl::StatusOr<QueryResult> CollectQuery(const Connection& connection, const std::string& cql, int timeout_ms);

// A parameter as a person writes it: null, true, 12, 1.5, 'text', text, or @vectors.npy:ROW for a row of a vector file.
absl::StatusOr<v1::Value> ParseParameter(std::string_view text);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_QUERY_RUNNER_H_
