#include "query/cql/parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "query/cql/ddl_parser.h"
#include "query/cql/expression_parser.h"
#include "query/cql/nearest_name.h"
#include "query/cql/select_parser.h"
#include "query/cql/token_stream.h"

namespace cortex::cql {
namespace {

absl::StatusOr<Show> ParseShow(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("SHOW"));
  static constexpr std::pair<std::string_view, ShowTarget> kTargets[] = {{"TABLES", ShowTarget::kTables},
                                                                         {"SEGMENTS", ShowTarget::kSegments},
                                                                         {"TIERS", ShowTarget::kTiers},
                                                                         {"QUERIES", ShowTarget::kQueries}};
  for (const auto& [word, target] : kTargets) {
    if (!tokens.AcceptKeyword(word)) continue;
    Show show{target, std::nullopt};
    const bool takes_table = target == ShowTarget::kSegments || target == ShowTarget::kTiers;
    if (takes_table && tokens.AcceptKeyword("FROM")) {
      ASSIGN_OR_RETURN(ColumnName name, tokens.ExpectName("a table name"));
      show.table = TableRef{name.position, std::move(name.name), ""};
    }
    return show;
  }
  for (std::string_view other : {"PROFILE", "CREATE", "COLUMNS", "DATABASES", "REFERENCES", "FUNCTIONS"}) {
    if (tokens.AtKeyword(other)) return UnsupportedAt(tokens.position(), absl::StrFormat("SHOW %s", other));
  }
  return tokens.Unexpected("TABLES, SEGMENTS, TIERS or QUERIES");
}

absl::StatusOr<Statement> ParseStatement(TokenStream& tokens);

absl::StatusOr<Explain> ParseExplain(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("EXPLAIN"));
  Explain explain;
  explain.analyze = tokens.AcceptKeyword("ANALYZE");
  if (tokens.AtKeyword("FORMAT") || tokens.AtSymbol("(")) return UnsupportedAt(tokens.position(), "EXPLAIN options");
  bool explainable = false;
  for (std::string_view verb : {"SELECT", "INSERT", "UPDATE", "DELETE"}) explainable |= tokens.AtKeyword(verb);
  if (!explainable) return tokens.Unexpected("SELECT, INSERT, UPDATE or DELETE after EXPLAIN");
  ASSIGN_OR_RETURN(explain.statement, ParseStatement(tokens));
  return explain;
}

absl::Status NotAStatement(const TokenStream& tokens) {
  const Position at = tokens.position();
  if (tokens.AtKeyword("WITH")) return UnsupportedAt(at, "WITH in front of a statement (common table expression)");
  for (std::string_view verb :
       {"VALUES", "MERGE", "TRUNCATE", "BEGIN", "COMMIT", "ROLLBACK", "PREPARE", "EXECUTE", "GRANT", "REVOKE",
        "DECLARE", "CALL", "COPY", "VACUUM", "ANALYZE", "KILL", "PIN", "PROMOTE", "DEMOTE"}) {
    if (tokens.AtKeyword(verb)) return UnsupportedAt(at, verb);
  }
  if (tokens.AtSymbol("(")) return UnsupportedAt(at, "a statement in brackets");
  if (tokens.Peek().kind == TokenKind::kEnd) return InvalidAt(at, "empty statement");
  if (tokens.Peek().kind != TokenKind::kWord) return tokens.Unexpected("a statement");
  const std::vector<std::string> verbs = {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE",
                                          "ALTER",  "DROP",   "SHOW",   "EXPLAIN"};
  return tokens.Unexpected("a statement", DidYouMean(tokens.Peek().text, verbs));
}

absl::StatusOr<Statement> ParseStatement(TokenStream& tokens) {
  Statement statement;
  statement.position = tokens.position();
  if (tokens.AtKeyword("SELECT")) {
    ASSIGN_OR_RETURN(statement.node, ParseSelect(tokens));
  } else if (tokens.AtKeyword("INSERT")) {
    ASSIGN_OR_RETURN(statement.node, ParseInsert(tokens));
  } else if (tokens.AtKeyword("UPDATE")) {
    ASSIGN_OR_RETURN(statement.node, ParseUpdate(tokens));
  } else if (tokens.AtKeyword("DELETE")) {
    ASSIGN_OR_RETURN(statement.node, ParseDelete(tokens));
  } else if (tokens.AtKeyword("CREATE")) {
    return ParseCreate(tokens);
  } else if (tokens.AtKeyword("ALTER")) {
    ASSIGN_OR_RETURN(statement.node, ParseAlter(tokens));
  } else if (tokens.AtKeyword("DROP")) {
    ASSIGN_OR_RETURN(statement.node, ParseDrop(tokens));
  } else if (tokens.AtKeyword("SHOW")) {
    ASSIGN_OR_RETURN(statement.node, ParseShow(tokens));
  } else if (tokens.AtKeyword("EXPLAIN")) {
    ASSIGN_OR_RETURN(statement.node, ParseExplain(tokens));
  } else {
    return NotAStatement(tokens);
  }
  return statement;
}

// `FROM t WERE x > 1` reads WERE as an alias and stops at x; the mistyped word is the one before or the one here.
std::string ClauseHint(const TokenStream& tokens) {
  const std::vector<std::string> clauses = {"WHERE",  "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WITH", "FROM",
                                            "VALUES", "KIND",  "KEY",    "TIME",  "SHARD", "TIER",   "DESC", "PURGE",
                                            "HISTORY"};
  const bool here = tokens.Peek().kind == TokenKind::kWord;
  if (here && std::any_of(clauses.begin(), clauses.end(), [&](const std::string& clause) {
        return absl::EqualsIgnoreCase(clause, AbslView(tokens.Peek().text));
      })) {
    return "; its clause is not allowed here or stands too late";
  }
  std::string hint = here ? DidYouMean(tokens.Peek().text, clauses) : "";
  const Token& previous = tokens.Previous();
  if (hint.empty() && previous.kind == TokenKind::kWord && !IsReservedWord(previous.text)) {
    hint = DidYouMean(previous.text, clauses);
  }
  return hint;
}

}  // namespace

absl::StatusOr<Statement> Parse(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> list, Tokenize(text));
  TokenStream tokens(std::move(list));
  ASSIGN_OR_RETURN(Statement statement, ParseStatement(tokens));
  if (tokens.AcceptSymbol(";") && tokens.Peek().kind != TokenKind::kEnd) {
    return UnsupportedAt(tokens.position(), "more than one statement in a request");
  }
  if (tokens.Peek().kind != TokenKind::kEnd) return tokens.Unexpected("the end of the statement", ClauseHint(tokens));
  return statement;
}

absl::StatusOr<Expr> ParseExpressionText(std::string_view text) {
  ASSIGN_OR_RETURN(std::vector<Token> list, Tokenize(text));
  TokenStream tokens(std::move(list));
  ASSIGN_OR_RETURN(Expr expr, ParseExpression(tokens));
  if (tokens.Peek().kind != TokenKind::kEnd) return tokens.Unexpected("the end of the expression");
  return expr;
}

}  // namespace cortex::cql
