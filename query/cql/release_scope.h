// What the grammar has and this release does not run yet.
#ifndef CORTEX_QUERY_CQL_RELEASE_SCOPE_H_
#define CORTEX_QUERY_CQL_RELEASE_SCOPE_H_

#include "absl/status/status.h"
#include "query/cql/ast.h"

namespace cortex::cql {

// UNIMPLEMENTED naming the first clause of `statement` that this release cannot run, with its position;
// INVALID_ARGUMENT for an unknown option in WITH (..). The binder calls it first, so nothing behind it meets such a
// clause.
absl::Status CheckReleaseScope(const Statement& statement);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_RELEASE_SCOPE_H_
