// CREATE, ALTER and DROP; part of the parser. Each begins at its own keyword.
#ifndef CORTEX_QUERY_CQL_DDL_PARSER_H_
#define CORTEX_QUERY_CQL_DDL_PARSER_H_

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/cql/token_stream.h"

namespace cortex::cql {

// CREATE TABLE or CREATE REFERENCE.
absl::StatusOr<Statement> ParseCreate(TokenStream& tokens);
absl::StatusOr<AlterTable> ParseAlter(TokenStream& tokens);
absl::StatusOr<DropTable> ParseDrop(TokenStream& tokens);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_DDL_PARSER_H_
