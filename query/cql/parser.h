// CQL text to syntax tree. The whole language of GRAMMAR.md is parsed; what this release cannot run yet is refused
// afterwards by CheckReleaseScope (release_scope.h), so that a valid statement never gets a syntax error.
//
//   ASSIGN_OR_RETURN(const cql::Statement statement, cql::Parse("SELECT count(*) FROM css_fields WHERE score > 0.5"));
#ifndef CORTEX_QUERY_CQL_PARSER_H_
#define CORTEX_QUERY_CQL_PARSER_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"

namespace cortex::cql {

// Exactly one statement; one `;` may follow. Errors carry `line <l>:<c>:`
//   INVALID_ARGUMENT  not a statement of the grammar, too long, nested too deep, not UTF-8
//   UNIMPLEMENTED     SQL outside the grammar (joins, subqueries, window functions, set operations, ..)
// Thread-safe. Cost: linear in the text; stack bounded by kMaxNesting.
absl::StatusOr<Statement> Parse(std::string_view text);

// One expression alone, for conditions that do not come inside a statement.
absl::StatusOr<Expr> ParseExpressionText(std::string_view text);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_PARSER_H_
