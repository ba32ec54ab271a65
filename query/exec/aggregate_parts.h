// What the aggregate states share, and how they are made. Internal to aggregate_state.
#ifndef CORTEX_QUERY_EXEC_AGGREGATE_PARTS_H_
#define CORTEX_QUERY_EXEC_AGGREGATE_PARTS_H_

#include <cstdint>
#include <memory>

#include "query/exec/aggregate_state.h"

namespace cortex::simd {
class ExactSum;
}

namespace cortex::query {

std::unique_ptr<AggregateState> MakeFloatAggregate(const AggregateNeeds& needs);
std::unique_ptr<AggregateState> MakeIntAggregate(const AggregateNeeds& needs);
std::unique_ptr<AggregateState> MakeTextAggregate(const AggregateNeeds& needs);

void AppendCount(uint64_t count, Column* out);
uint64_t PresentRows(const BatchColumn& values);
// stddev and variance of a sample: NULL below two values.
void AppendSpread(AggregateFunction function, const simd::ExactSum& sum, const simd::ExactSum& squares, uint64_t count,
                  Column* out);
// The column without constants, so that kernels see one value per row.
BatchColumn Expanded(const BatchColumn& values);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_AGGREGATE_PARTS_H_
