#include "query/cql/token_stream.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::cql {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// At most 40 bytes of a token, cut between characters.
std::string Shortened(std::string_view text) {
  if (text.size() <= 40) return std::string(text);
  size_t end = 40;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

const Token& TokenStream::Peek(size_t ahead) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }

Token TokenStream::Take() {
  Token token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenStream::AtKeyword(std::string_view keyword, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kWord && EqualsIgnoringCase(Peek(ahead).text, keyword);
}

bool TokenStream::AtKeywords(std::initializer_list<std::string_view> keywords) const {
  size_t ahead = 0;
  for (std::string_view keyword : keywords) {
    if (!AtKeyword(keyword, ahead++)) return false;
  }
  return true;
}

bool TokenStream::AtSymbol(std::string_view symbol, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kSymbol && Peek(ahead).text == symbol;
}

bool TokenStream::AcceptKeyword(std::string_view keyword) { return AcceptKeywords({keyword}); }

bool TokenStream::AcceptKeywords(std::initializer_list<std::string_view> keywords) {
  if (!AtKeywords(keywords)) return false;
  at_ += keywords.size();
  return true;
}

bool TokenStream::AcceptSymbol(std::string_view symbol) {
  if (!AtSymbol(symbol)) return false;
  ++at_;
  return true;
}

absl::Status TokenStream::ExpectKeyword(std::string_view keyword) {
  return AcceptKeyword(keyword) ? absl::OkStatus() : Unexpected(keyword);
}

absl::Status TokenStream::ExpectSymbol(std::string_view symbol) {
  return AcceptSymbol(symbol) ? absl::OkStatus() : Unexpected(absl::StrFormat("\"%s\"", symbol));
}

bool TokenStream::AtName(size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kQuotedName || (token.kind == TokenKind::kWord && !IsReservedWord(token.text));
}

absl::StatusOr<ColumnName> TokenStream::ExpectName(std::string_view what) {
  if (!AtName()) {
    const bool reserved = Peek().kind == TokenKind::kWord;
    if (!reserved) return Unexpected(what);
    return InvalidAt(position(),
                     absl::StrFormat("expected %s, got the keyword %s; put it in double quotes to use it as a "
                                     "name",
                                     what, Shortened(Peek().text)));
  }
  Token token = Take();
  return ColumnName{token.position, std::move(token.text)};
}

absl::StatusOr<ColumnName> TokenStream::ExpectWord(std::string_view what) {
  if (Peek().kind != TokenKind::kWord) return Unexpected(what);
  Token token = Take();
  return ColumnName{token.position, Lower(std::move(token.text))};
}

absl::StatusOr<TableRef> TokenStream::ExpectTable() {
  ASSIGN_OR_RETURN(ColumnName name, ExpectName("a table name"));
  if (AtSymbol(".")) return UnsupportedAt(position(), "a schema-qualified table name");
  return TableRef{name.position, std::move(name.name), ""};
}

absl::StatusOr<int64_t> TokenStream::ExpectInteger(std::string_view what) {
  if (Peek().kind != TokenKind::kInteger) return Unexpected(what);
  const Token token = Take();
  int64_t value = 0;
  const auto result = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (result.ec != std::errc()) {
    return InvalidAt(token.position, absl::StrFormat("integer out of range: %s", Shortened(token.text)));
  }
  return value;
}

absl::Status TokenStream::Unexpected(std::string_view what, std::string_view hint) const {
  const Token& token = Peek();
  const std::string got = token.kind == TokenKind::kEnd      ? "the end of the text"
                          : token.kind == TokenKind::kString ? absl::StrFormat("'%s'", Shortened(token.text))
                          : token.kind == TokenKind::kBytes  ? "bytes"
                                                             : absl::StrFormat("\"%s\"", Shortened(token.text));
  return InvalidAt(token.position, absl::StrFormat("expected %s, got %s%s", what, got, hint));
}

absl::Status TokenStream::Nesting::Check() const {
  if (stream_->nesting_ <= kMaxNesting) return absl::OkStatus();
  return InvalidAt(stream_->position(), absl::StrFormat("nested deeper than %d levels", kMaxNesting));
}

}  // namespace cortex::cql
