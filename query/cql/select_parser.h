// SELECT and the statements over rows (INSERT, UPDATE, DELETE); part of the parser. Each begins at its own keyword.
#ifndef CORTEX_QUERY_CQL_SELECT_PARSER_H_
#define CORTEX_QUERY_CQL_SELECT_PARSER_H_

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/cql/token_stream.h"

namespace cortex::cql {

absl::StatusOr<Select> ParseSelect(TokenStream& tokens);
absl::StatusOr<Insert> ParseInsert(TokenStream& tokens);
absl::StatusOr<Update> ParseUpdate(TokenStream& tokens);
absl::StatusOr<Delete> ParseDelete(TokenStream& tokens);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_SELECT_PARSER_H_
