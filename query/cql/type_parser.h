// Column types and option lists; part of the parser.
#ifndef CORTEX_QUERY_CQL_TYPE_PARSER_H_
#define CORTEX_QUERY_CQL_TYPE_PARSER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/cql/token_stream.h"

namespace cortex::cql {

// `float32`, `string(64)`, `vector<complex128, 256>`, `list<string>`. Names in lower case, not looked up.
absl::StatusOr<TypeName> ParseTypeName(TokenStream& tokens);
// `( name = value, .. )`, brackets included. Names in lower case.
absl::StatusOr<std::vector<Option>> ParseOptions(TokenStream& tokens);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_TYPE_PARSER_H_
