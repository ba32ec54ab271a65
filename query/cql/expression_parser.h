// Expressions, by precedence climbing; part of the parser.
#ifndef CORTEX_QUERY_CQL_EXPRESSION_PARSER_H_
#define CORTEX_QUERY_CQL_EXPRESSION_PARSER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/cql/token_stream.h"

namespace cortex::cql {

absl::StatusOr<Expr> ParseExpression(TokenStream& tokens);
// Only what binds stronger than a comparison, for places where AND has another meaning.
absl::StatusOr<Expr> ParseSum(TokenStream& tokens);
// One or more, separated by commas.
absl::StatusOr<std::vector<Expr>> ParseExpressionList(TokenStream& tokens);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_EXPRESSION_PARSER_H_
