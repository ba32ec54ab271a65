// What one operator did, for EXPLAIN ANALYZE.
#ifndef CORTEX_QUERY_EXEC_OPERATOR_TRACE_H_
#define CORTEX_QUERY_EXEC_OPERATOR_TRACE_H_

#include <cstdint>
#include <string>

namespace cortex::query {

struct OperatorTrace {
  std::string name;
  std::string detail;
  int depth = 0;  // 0 = nearest to the client
  uint64_t estimated_rows = 0;
  uint64_t rows = 0;    // that came out of it
  int64_t time_ns = 0;  // over all workers
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_OPERATOR_TRACE_H_
