#include "query/cql/lexer.h"

#include "tests/support/status_assertions.h"

using cortex::cql::IsPlainName;
using cortex::cql::IsReservedWord;
using cortex::cql::kMaxTextBytes;
using cortex::cql::Token;
using cortex::cql::Tokenize;
using cortex::cql::TokenKind;

namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::vector<std::string> Texts(std::string_view text) {
  std::vector<std::string> texts;
  for (const Token& token : REQUIRE_OK_AND_TAKE(Tokenize(text))) texts.push_back(token.text);
  return texts;
}

}  // namespace

TEST_CASE("Lexer cuts a statement into words, numbers, strings and symbols", "[query][cql]") {
  const std::vector<Token> tokens =
      REQUIRE_OK_AND_TAKE(Tokenize("SELECT a1, 'it''s', 1.5e3 FROM \"My \"\"T\"\"\" WHERE x<=$2 -- end"));
  const std::vector<std::pair<TokenKind, std::string>> expected = {
      {TokenKind::kWord, "SELECT"}, {TokenKind::kWord, "a1"},
      {TokenKind::kSymbol, ","},    {TokenKind::kString, "it's"},
      {TokenKind::kSymbol, ","},    {TokenKind::kFloat, "1.5e3"},
      {TokenKind::kWord, "FROM"},   {TokenKind::kQuotedName, "My \"T\""},
      {TokenKind::kWord, "WHERE"},  {TokenKind::kWord, "x"},
      {TokenKind::kSymbol, "<="},   {TokenKind::kParameter, "$2"},
      {TokenKind::kEnd, ""}};
  REQUIRE(tokens.size() == expected.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    CAPTURE(i);
    CHECK(tokens[i].kind == expected[i].first);
    CHECK(tokens[i].text == expected[i].second);
  }
}

TEST_CASE("Lexer counts lines and characters, not bytes", "[query][cql]") {
  const std::vector<Token> tokens = REQUIRE_OK_AND_TAKE(Tokenize("'äöü' a\n  /* two\nlines */ b"));
  CHECK(tokens[1].position.line == 1);
  CHECK(tokens[1].position.column == 7);
  CHECK(tokens[2].text == "b");
  CHECK(tokens[2].position.line == 3);
  CHECK(tokens[2].position.column == 10);
}

TEST_CASE("Lexer reads every form of number", "[query][cql]") {
  CHECK(Texts("1 1. .5 2e3 2E-3 7.25e+1 10") ==
        std::vector<std::string>{"1", "1.", ".5", "2e3", "2E-3", "7.25e+1", "10", ""});
  REQUIRE_STATUS(Tokenize("1abc"), kInvalid, "line 1:1: bad number \"1abc\"");
  REQUIRE_STATUS(Tokenize("1e"), kInvalid, "bad number \"1e\"");
}

TEST_CASE("Lexer reads bytes and both kinds of parameter", "[query][cql]") {
  const std::vector<Token> tokens = REQUIRE_OK_AND_TAKE(Tokenize("X'00fF' :low $10 x"));
  CHECK(tokens[0].kind == TokenKind::kBytes);
  CHECK(tokens[0].text == std::string("\x00\xff", 2));
  CHECK(tokens[1].text == ":low");
  CHECK(tokens[2].text == "$10");
  CHECK(tokens[3].kind == TokenKind::kWord);
  REQUIRE_STATUS(Tokenize("X'0'"), kInvalid, "even number of hexadecimal digits");
  REQUIRE_STATUS(Tokenize("X'0g'"), kInvalid, "hexadecimal");
}

TEST_CASE("Lexer names the place of what never ends or never begins", "[query][cql]") {
  REQUIRE_STATUS(Tokenize("SELECT 'abc"), kInvalid, "line 1:8: string without closing '");
  REQUIRE_STATUS(Tokenize("SELECT \"abc"), kInvalid, "line 1:8: quoted name without closing \"");
  REQUIRE_STATUS(Tokenize("a\n/* b"), kInvalid, "line 2:1: comment without end");
  REQUIRE_STATUS(Tokenize("a ? b"), kInvalid, "line 1:3: unexpected character \"?\"");
  REQUIRE_STATUS(Tokenize("\"\""), kInvalid, "empty quoted name");
  REQUIRE_STATUS(Tokenize("ab \xc3("), kInvalid, "line 1:4: query text is not valid UTF-8");
  REQUIRE_STATUS(Tokenize(std::string_view("a\0b", 3)), kInvalid, "unexpected character");
  REQUIRE_STATUS(Tokenize(std::string(kMaxTextBytes + 1, ' ')), kInvalid, "query text too long");
}

TEST_CASE("Lexer refuses every malformed UTF-8 sequence", "[query][cql]") {
  const std::string bad =
      GENERATE(values<std::string>({"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                                    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff"}));
  REQUIRE_STATUS(Tokenize("'" + bad + "'"), kInvalid, "line 1:2: query text is not valid UTF-8");
}

TEST_CASE("Reserved words need quotes, soft keywords do not", "[query][cql]") {
  CHECK(IsReservedWord("select"));
  CHECK(IsReservedWord("From"));
  for (const char* name :
       {"timestamp", "time", "key", "kind", "tier", "latest", "reference", "x1", "_commit", "größe"}) {
    CAPTURE(name);
    CHECK(IsPlainName(name));
  }
  for (const char* name : {"order", "1a", "a b", "a-b", ""}) {
    CAPTURE(name);
    CHECK_FALSE(IsPlainName(name));
  }
}
