// COMPRESSION <name> [(<bound> = <number>)]: names to encodings, bounds to contracts.
#ifndef CORTEX_QUERY_PLAN_COMPRESSION_BINDER_H_
#define CORTEX_QUERY_PLAN_COMPRESSION_BINDER_H_

#include "absl/status/statusor.h"
#include "codecs/encoding_chooser.h"
#include "codecs/zptv/contract.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"

namespace cortex::query {

struct BoundCompression {
  Compression compression = Compression::kAuto;
  ZptvContract contract;  // lossless unless a bound is given
};

// Whether the contract suits the column's type is for ValidateDefinition.
// Errors: INVALID_ARGUMENT with line and column for a name or bound that does not exist, more than one bound, a bound
// that is not a constant number, or a bound for another compression than zptv.
absl::StatusOr<BoundCompression> BindCompression(const cql::Compression& compression, const BindContext& context);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_COMPRESSION_BINDER_H_
