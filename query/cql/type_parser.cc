#include "query/cql/type_parser.h"

#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/cql/expression_parser.h"

namespace cortex::cql {

absl::StatusOr<TypeName> ParseTypeName(TokenStream& tokens) {
  const TokenStream::Nesting nesting(&tokens);
  RETURN_IF_ERROR(nesting.Check());
  ASSIGN_OR_RETURN(ColumnName name, tokens.ExpectWord("a type"));
  TypeName type{name.position, std::move(name.name), {}, std::nullopt};
  if (tokens.AcceptSymbol("(")) {
    ASSIGN_OR_RETURN(type.size, tokens.ExpectInteger("a length"));
    RETURN_IF_ERROR(tokens.ExpectSymbol(")"));
  } else if (tokens.AcceptSymbol("<")) {
    ASSIGN_OR_RETURN(TypeName element, ParseTypeName(tokens));
    type.element.push_back(std::move(element));
    if (tokens.AcceptSymbol(",")) {
      ASSIGN_OR_RETURN(type.size, tokens.ExpectInteger("a dimension"));
    }
    RETURN_IF_ERROR(tokens.ExpectSymbol(">"));
  }
  return type;
}

absl::StatusOr<std::vector<Option>> ParseOptions(TokenStream& tokens) {
  std::vector<Option> options;
  RETURN_IF_ERROR(tokens.ExpectSymbol("("));
  do {
    Option option;
    ASSIGN_OR_RETURN(ColumnName name, tokens.ExpectWord("an option name"));
    option.position = name.position;
    option.name = std::move(name.name);
    RETURN_IF_ERROR(tokens.ExpectSymbol("="));
    ASSIGN_OR_RETURN(option.value, ParseExpression(tokens));
    options.push_back(std::move(option));
  } while (tokens.AcceptSymbol(","));
  RETURN_IF_ERROR(tokens.ExpectSymbol(")"));
  return options;
}

}  // namespace cortex::cql
