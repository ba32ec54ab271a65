// The parser's view of the tokens: look, accept, expect. Keywords match in any letter case; a "quoted" name never
// matches a keyword. Also counts nesting, so that hostile input cannot exhaust the stack.
#ifndef CORTEX_QUERY_CQL_TOKEN_STREAM_H_
#define CORTEX_QUERY_CQL_TOKEN_STREAM_H_

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/cql/lexer.h"

namespace cortex::cql {

inline constexpr int kMaxNesting = 128;       // brackets, CASE and NOT inside each other
inline constexpr int kMaxTreeHeight = 1'000;  // also counts a + b + c + .., which nests to the left

class TokenStream {
 public:
  // `tokens` must end with kEnd.
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& Peek(size_t ahead = 0) const;
  Position position() const { return Peek().position; }
  Token Take();
  // The token taken last; only after at least one was taken.
  const Token& Previous() const { return tokens_[at_ - 1]; }

  // True if the next words are exactly `keywords`; nothing is consumed.
  bool AtKeywords(std::initializer_list<std::string_view> keywords) const;
  bool AtKeyword(std::string_view keyword, size_t ahead = 0) const;
  bool AtSymbol(std::string_view symbol, size_t ahead = 0) const;
  // Consume on a match.
  bool AcceptKeyword(std::string_view keyword);
  bool AcceptKeywords(std::initializer_list<std::string_view> keywords);
  bool AcceptSymbol(std::string_view symbol);

  absl::Status ExpectKeyword(std::string_view keyword);
  absl::Status ExpectSymbol(std::string_view symbol);
  // A bare word that is not reserved, or a quoted name. `what` is for the error: `expected a table name, got ","`.
  absl::StatusOr<ColumnName> ExpectName(std::string_view what);
  bool AtName(size_t ahead = 0) const;
  // A word as written in lower case, reserved or not: codec and option names.
  absl::StatusOr<ColumnName> ExpectWord(std::string_view what);
  // A table name without schema and without alias.
  absl::StatusOr<TableRef> ExpectTable();
  absl::StatusOr<int64_t> ExpectInteger(std::string_view what);

  // `expected <what>, got "<next token>"` at the next token, followed by `hint` as it is.
  absl::Status Unexpected(std::string_view what, std::string_view hint = {}) const;

  // Counts one level of nesting while alive.
  class Nesting {
   public:
    explicit Nesting(TokenStream* stream) : stream_(stream) { ++stream_->nesting_; }
    ~Nesting() { --stream_->nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    // INVALID_ARGUMENT beyond kMaxNesting.
    absl::Status Check() const;

   private:
    TokenStream* stream_;
  };

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_TOKEN_STREAM_H_
