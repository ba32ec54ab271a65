// Syntax tree to CQL text: canonical spelling, one line, brackets only where precedence needs them. For every tree the
// parser can make, Parse(Print(tree)) == tree.
#ifndef CORTEX_QUERY_CQL_PRINTER_H_
#define CORTEX_QUERY_CQL_PRINTER_H_

#include <string>
#include <string_view>

#include "query/cql/ast.h"

namespace cortex::cql {

std::string Print(const Statement& statement);
std::string Print(const Expr& expr);
std::string Print(const TypeName& type);

// `name`, or `"name"` if it needs quotes to mean itself.
std::string PrintName(std::string_view name);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_PRINTER_H_
