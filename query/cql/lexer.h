// Cuts a CQL text into tokens. Comments (`-- to the end of the line`, `/* .. */`) and white space disappear.
#ifndef CORTEX_QUERY_CQL_LEXER_H_
#define CORTEX_QUERY_CQL_LEXER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/position.h"

namespace cortex::cql {

inline constexpr size_t kMaxTextBytes = 1 << 20;

enum class TokenKind {
  kWord,        // a bare identifier or keyword; text as written
  kQuotedName,  // "name"; text without the quotes
  kString,      // 'text'; text without the quotes
  kBytes,       // X'00ff'; text holds the decoded bytes
  kInteger,     // digits
  kFloat,       // 1.5, .5, 2e10
  kParameter,   // $1 or :name; text with the mark
  kSymbol,      // an operator or punctuation
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  Position position;
};

// The tokens of `text`, the last one kEnd. Errors: INVALID_ARGUMENT with line and column for text longer than
// kMaxTextBytes, invalid UTF-8, an unfinished string, name or comment, or a character that starts no token.
absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text);

// True if `word` may not stand as a bare column, table or alias name (it can still be "quoted"). Any letter case.
bool IsReservedWord(std::string_view word);

// True if `name` can be written without quotes and mean itself.
bool IsPlainName(std::string_view name);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_LEXER_H_
