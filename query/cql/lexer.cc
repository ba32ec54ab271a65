#include "query/cql/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::cql {
namespace {

// Words that begin or join clauses. Kept short: `time`, `key`, `timestamp`, `kind`, `tier` are good column names.
constexpr std::array kReserved = {
    "ALTER",  "AND",    "AS",       "ASC",    "BETWEEN", "BY",     "CASE",    "CAST",   "CREATE",    "CROSS",
    "DELETE", "DESC",   "DISTINCT", "DROP",   "ELSE",    "END",    "EXCEPT",  "EXISTS", "EXPLAIN",   "FALSE",
    "FOR",    "FROM",   "FULL",     "GROUP",  "HAVING",  "IN",     "INNER",   "INSERT", "INTERSECT", "INTO",
    "IS",     "JOIN",   "LATERAL",  "LEFT",   "LIKE",    "LIMIT",  "NATURAL", "NOT",    "NULL",      "OFFSET",
    "ON",     "OR",     "ORDER",    "OVER",   "RIGHT",   "SELECT", "SET",     "TABLE",  "THEN",      "TRUE",
    "UNION",  "UPDATE", "USING",    "VALUES", "WHEN",    "WHERE",  "WITH",
};
// Longest first, so that `<=` is not read as `<`.
constexpr std::array<std::string_view, 21> kSymbols = {"<>", "!=", "<=", ">=", "||", "::", "(", ")", "[", "]", ",",
                                                       ".",  ";",  "+",  "-",  "*",  "/",  "%", "=", "<", ">"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Every byte of a non-ASCII character may stand in a name: the text has been checked to be UTF-8.
bool StartsName(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0; }
bool ContinuesName(char c) { return StartsName(c) || IsDigit(c); }
bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Length of the well-formed UTF-8 character at text[at], 0 if there is none.
size_t Utf8Length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  const unsigned second = byte(at + 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second > 0x9f;
  const bool too_large = first == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_large ? 0 : length;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    while (true) {
      RETURN_IF_ERROR(SkipBlank());
      ASSIGN_OR_RETURN(Token token, Next());
      tokens.push_back(std::move(token));
      if (tokens.back().kind == TokenKind::kEnd) return tokens;
    }
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool AtEnd() const { return at_ >= text_.size(); }

  void Advance(size_t bytes) {
    for (size_t end = std::min(text_.size(), at_ + bytes); at_ < end; ++at_) {
      if (text_[at_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if (!IsContinuationByte(text_[at_])) {
        ++position_.column;
      }
    }
  }

  absl::Status SkipBlank() {
    while (!AtEnd()) {
      if (Peek() == '-' && Peek(1) == '-') {
        Advance(std::min(text_.find('\n', at_), text_.size()) - at_);
      } else if (Peek() == '/' && Peek(1) == '*') {
        const size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return InvalidAt(position_, "comment without end; close it with */");
        Advance(end + 2 - at_);
      } else if (std::isspace(static_cast<unsigned char>(Peek()))) {
        Advance(1);
      } else {
        break;
      }
    }
    return absl::OkStatus();
  }

  Token Take(TokenKind kind, size_t bytes) {
    Token token{kind, std::string(text_.substr(at_, bytes)), position_};
    Advance(bytes);
    return token;
  }

  absl::StatusOr<Token> Next() {
    if (AtEnd()) return Token{TokenKind::kEnd, "", position_};
    const char c = Peek();
    if ((c == 'x' || c == 'X') && Peek(1) == '\'') return Bytes();
    if (StartsName(c)) return Take(TokenKind::kWord, NameLength(at_));
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (c == '\'') return Quoted(TokenKind::kString, '\'', "string");
    if (c == '"') return Quoted(TokenKind::kQuotedName, '"', "quoted name");
    if (c == '$' && IsDigit(Peek(1))) return Take(TokenKind::kParameter, 1 + DigitsLength(at_ + 1));
    if (c == ':' && StartsName(Peek(1))) return Take(TokenKind::kParameter, 1 + NameLength(at_ + 1));
    for (std::string_view symbol : kSymbols) {
      if (text_.substr(at_, symbol.size()) == symbol) return Take(TokenKind::kSymbol, symbol.size());
    }
    return InvalidAt(position_,
                     absl::StrFormat("unexpected character \"%s\"", text_.substr(at_, Utf8Length(text_, at_))));
  }

  size_t NameLength(size_t from) const {
    size_t end = from;
    while (end < text_.size() && ContinuesName(text_[end])) ++end;
    return end - from;
  }
  size_t DigitsLength(size_t from) const {
    size_t end = from;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    return end - from;
  }

  absl::StatusOr<Token> Number() {
    size_t end = at_ + DigitsLength(at_);
    bool is_float = false;
    if (end < text_.size() && text_[end] == '.') {
      is_float = true;
      end += 1 + DigitsLength(end + 1);
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      const bool sign = end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-');
      const size_t digits = end + 1 + (sign ? 1 : 0);
      if (DigitsLength(digits) > 0) {
        is_float = true;
        end = digits + DigitsLength(digits);
      }
    }
    if (end < text_.size() && StartsName(text_[end])) {
      const size_t bytes = end - at_ + NameLength(end);
      return InvalidAt(position_, absl::StrFormat("bad number \"%s\"", text_.substr(at_, bytes)));
    }
    return Take(is_float ? TokenKind::kFloat : TokenKind::kInteger, end - at_);
  }

  // A doubled quote inside stands for one.
  absl::StatusOr<Token> Quoted(TokenKind kind, char quote, std::string_view what) {
    Token token{kind, "", position_};
    size_t end = at_ + 1;
    for (; end < text_.size(); ++end) {
      if (text_[end] == quote) {
        if (end + 1 >= text_.size() || text_[end + 1] != quote) break;
        ++end;
      }
      token.text.push_back(text_[end]);
    }
    if (end >= text_.size()) return InvalidAt(position_, absl::StrFormat("%s without closing %c", what, quote));
    if (kind == TokenKind::kQuotedName && token.text.empty()) return InvalidAt(position_, "empty quoted name");
    Advance(end + 1 - at_);
    return token;
  }

  absl::StatusOr<Token> Bytes() {
    const Position start = position_;
    Advance(1);
    ASSIGN_OR_RETURN(const Token hex, Quoted(TokenKind::kString, '\'', "bytes"));
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (hex.text.size() % 2 != 0 || !std::all_of(hex.text.begin(), hex.text.end(), is_hex)) {
      return InvalidAt(start, "bytes are written as an even number of hexadecimal digits, as in X'00ff'");
    }
    Token token{TokenKind::kBytes, "", start};
    for (size_t i = 0; i < hex.text.size(); i += 2) {
      token.text.push_back(static_cast<char>(std::stoi(hex.text.substr(i, 2), nullptr, 16)));
    }
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
  Position position_{1, 1};
};

absl::Status CheckUtf8(std::string_view text) {
  Position position{1, 1};
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text, at);
    if (length == 0) return InvalidAt(position, "query text is not valid UTF-8");
    position = text[at] == '\n' ? Position{position.line + 1, 1} : Position{position.line, position.column + 1};
    at += length;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return InvalidAt({1, 1},
                     absl::StrFormat("query text too long: %d bytes, at most %d are allowed; pass large values as "
                                     "parameters",
                                     text.size(), kMaxTextBytes));
  }
  RETURN_IF_ERROR(CheckUtf8(text));
  return Lexer(text).Run();
}

bool IsReservedWord(std::string_view word) {
  std::string upper;
  for (char c : word) upper.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return std::find(kReserved.begin(), kReserved.end(), upper) != kReserved.end();
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && StartsName(name[0]) && std::all_of(name.begin(), name.end(), ContinuesName) &&
         !IsReservedWord(name);
}

}  // namespace cortex::cql
