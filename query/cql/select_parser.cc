#include "query/cql/select_parser.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/expression_parser.h"
#include "query/cql/type_parser.h"

namespace cortex::cql {
namespace {

// Words that follow a table and open a clause. They are no reserved words (a column may be called `latest`), so they
// have to be told from an alias.
bool AtClauseAfterTable(const TokenStream& tokens) {
  return tokens.AtKeywords({"LATEST", "BY"}) || tokens.AtKeywords({"LATEST", "ON"}) ||
         tokens.AtKeywords({"DISTRIBUTE", "BY"}) || tokens.AtKeywords({"PARALLEL", "USING"}) ||
         tokens.AtKeywords({"SAMPLE", "BY"}) || tokens.AtKeyword("WINDOW") || tokens.AtKeyword("QUALIFY") ||
         tokens.AtKeyword("TABLESAMPLE") || tokens.AtKeyword("FETCH") || tokens.AtKeyword("ASOF") ||
         tokens.AtKeyword("PURGE");
}

// Valid in SQL or in the wider system, outside our grammar. Called wherever a clause may begin.
absl::Status RefuseForeignClause(const TokenStream& tokens) {
  const Position at = tokens.position();
  if (tokens.AtKeywords({"DISTRIBUTE", "BY"})) return UnsupportedAt(at, "DISTRIBUTE BY", "it belongs to the planner");
  if (tokens.AtKeywords({"PARALLEL", "USING"})) return UnsupportedAt(at, "PARALLEL USING", "it belongs to the planner");
  if (tokens.AtSymbol(",")) return UnsupportedAt(at, "a list of tables", "query one table");
  for (std::string_view join : {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "ASOF"}) {
    if (tokens.AtKeyword(join)) return UnsupportedAt(at, "JOIN", "query one table");
  }
  for (std::string_view set : {"UNION", "INTERSECT", "EXCEPT"}) {
    if (tokens.AtKeyword(set)) return UnsupportedAt(at, set);
  }
  for (std::string_view clause : {"WINDOW", "QUALIFY", "TABLESAMPLE", "FETCH", "USING"}) {
    if (tokens.AtKeyword(clause)) return UnsupportedAt(at, clause);
  }
  if (tokens.AtKeywords({"SAMPLE", "BY"})) return UnsupportedAt(at, "SAMPLE BY", "group by time_bucket(..)");
  if (tokens.AtKeywords({"LATEST", "ON"})) return UnsupportedAt(at, "LATEST ON", "LATEST BY key is the CQL form");
  if (tokens.AtKeywords({"FOR", "UPDATE"}) || tokens.AtKeywords({"FOR", "SHARE"}))
    return UnsupportedAt(at, "row locking");
  return absl::OkStatus();
}

class SelectParser {
 public:
  explicit SelectParser(TokenStream& tokens) : tokens_(tokens) {}

  absl::StatusOr<Select> Parse() {
    RETURN_IF_ERROR(tokens_.ExpectKeyword("SELECT"));
    RETURN_IF_ERROR(SelectList());
    RETURN_IF_ERROR(From());
    RETURN_IF_ERROR(Filters());
    RETURN_IF_ERROR(Order());
    RETURN_IF_ERROR(RefuseForeignClause(tokens_));
    if (tokens_.AcceptKeyword("WITH")) {
      ASSIGN_OR_RETURN(select_.options, ParseOptions(tokens_));
    }
    RETURN_IF_ERROR(RefuseForeignClause(tokens_));
    return std::move(select_);
  }

 private:
  absl::Status SelectList() {
    select_.distinct = tokens_.AcceptKeyword("DISTINCT");
    if (select_.distinct && tokens_.AtKeyword("ON")) return UnsupportedAt(tokens_.position(), "DISTINCT ON");
    do {
      SelectItem item;
      item.position = tokens_.position();
      if (!tokens_.AcceptSymbol("*")) {
        ASSIGN_OR_RETURN(item.expr, ParseExpression(tokens_));
        if (tokens_.AcceptKeyword("AS") || tokens_.AtName()) {
          ASSIGN_OR_RETURN(ColumnName alias, tokens_.ExpectName("an alias"));
          item.alias = std::move(alias.name);
        }
      }
      select_.items.push_back(std::move(item));
    } while (tokens_.AcceptSymbol(","));
    return absl::OkStatus();
  }

  absl::Status From() {
    if (!tokens_.AcceptKeyword("FROM")) return RefuseForeignClause(tokens_);
    if (tokens_.AtSymbol("(")) return UnsupportedAt(tokens_.position(), "a subquery");
    if (tokens_.AtKeyword("LATERAL")) return UnsupportedAt(tokens_.position(), "LATERAL");
    ASSIGN_OR_RETURN(select_.from, tokens_.ExpectTable());
    if (tokens_.AtSymbol("(")) return UnsupportedAt(tokens_.position(), "a table function");
    if (tokens_.AcceptKeyword("AS") || (tokens_.AtName() && !AtClauseAfterTable(tokens_))) {
      ASSIGN_OR_RETURN(ColumnName alias, tokens_.ExpectName("an alias"));
      select_.from->alias = std::move(alias.name);
    }
    RETURN_IF_ERROR(RefuseForeignClause(tokens_));
    RETURN_IF_ERROR(ForSystemTime());
    if (!tokens_.AtKeywords({"LATEST", "BY"})) return RefuseForeignClause(tokens_);
    LatestBy latest{tokens_.position(), {}};
    tokens_.AcceptKeywords({"LATEST", "BY"});
    ASSIGN_OR_RETURN(latest.keys, ParseExpressionList(tokens_));
    select_.latest_by = std::move(latest);
    return absl::OkStatus();
  }

  absl::Status ForSystemTime() {
    if (!tokens_.AtKeyword("FOR")) return absl::OkStatus();
    SystemTime time;
    time.position = tokens_.position();
    tokens_.Take();
    RETURN_IF_ERROR(tokens_.ExpectKeyword("SYSTEM_TIME"));
    if (tokens_.AcceptKeyword("FROM")) {
      time.kind = SystemTimeKind::kFromTo;
      ASSIGN_OR_RETURN(time.from, OneMoment());
      RETURN_IF_ERROR(tokens_.ExpectKeyword("TO"));
      ASSIGN_OR_RETURN(time.to, OneMoment());
    } else if (tokens_.AcceptKeyword("BETWEEN")) {
      time.kind = SystemTimeKind::kBetween;
      ASSIGN_OR_RETURN(time.from, OneMoment());
      RETURN_IF_ERROR(tokens_.ExpectKeyword("AND"));
      ASSIGN_OR_RETURN(time.to, OneMoment());
    } else if (tokens_.AcceptKeywords({"AS", "OF"})) {
      ASSIGN_OR_RETURN(time.from, OneMoment());
    } else {
      return tokens_.Unexpected("AS OF, FROM or BETWEEN");
    }
    select_.system_time = std::move(time);
    return absl::OkStatus();
  }

  absl::StatusOr<Moment> OneMoment() {
    Moment moment;
    moment.is_commit = tokens_.AcceptKeyword("COMMIT");
    ASSIGN_OR_RETURN(moment.at, ParseSum(tokens_));
    return moment;
  }

  absl::Status Filters() {
    RETURN_IF_ERROR(Optional("WHERE", &select_.where));
    if (tokens_.AcceptKeyword("GROUP")) {
      RETURN_IF_ERROR(tokens_.ExpectKeyword("BY"));
      for (std::string_view word : {"ROLLUP", "CUBE", "GROUPING"}) {
        if (tokens_.AtKeyword(word) && !tokens_.AtSymbol(",", 1)) return UnsupportedAt(tokens_.position(), word);
      }
      ASSIGN_OR_RETURN(select_.group_by, ParseExpressionList(tokens_));
    }
    return Optional("HAVING", &select_.having);
  }

  absl::Status Order() {
    RETURN_IF_ERROR(RefuseForeignClause(tokens_));
    if (tokens_.AcceptKeyword("ORDER")) {
      RETURN_IF_ERROR(tokens_.ExpectKeyword("BY"));
      do {
        RETURN_IF_ERROR(OneOrderItem());
      } while (tokens_.AcceptSymbol(","));
    }
    if (tokens_.AtKeywords({"LIMIT", "ALL"})) return UnsupportedAt(tokens_.position(), "LIMIT ALL", "leave LIMIT out");
    RETURN_IF_ERROR(Optional("LIMIT", &select_.limit));
    if (select_.limit && tokens_.AtSymbol(",")) {
      return UnsupportedAt(tokens_.position(), "LIMIT offset, count", "write LIMIT count OFFSET offset");
    }
    return Optional("OFFSET", &select_.offset);
  }

  absl::Status OneOrderItem() {
    OrderItem item;
    ASSIGN_OR_RETURN(item.expr, ParseExpression(tokens_));
    item.descending = tokens_.AcceptKeyword("DESC");
    if (!item.descending) tokens_.AcceptKeyword("ASC");
    if (tokens_.AtKeyword("NULLS")) return UnsupportedAt(tokens_.position(), "NULLS FIRST or NULLS LAST");
    if (tokens_.AtKeyword("USING")) return UnsupportedAt(tokens_.position(), "ORDER BY .. USING");
    select_.order_by.push_back(std::move(item));
    return absl::OkStatus();
  }

  absl::Status Optional(std::string_view keyword, Boxed<Expr>* into) {
    if (!tokens_.AcceptKeyword(keyword)) return absl::OkStatus();
    ASSIGN_OR_RETURN(*into, ParseExpression(tokens_));
    return absl::OkStatus();
  }

  TokenStream& tokens_;
  Select select_;
};

absl::StatusOr<std::vector<ColumnName>> ColumnList(TokenStream& tokens) {
  std::vector<ColumnName> columns;
  RETURN_IF_ERROR(tokens.ExpectSymbol("("));
  do {
    ASSIGN_OR_RETURN(ColumnName column, tokens.ExpectName("a column name"));
    columns.push_back(std::move(column));
  } while (tokens.AcceptSymbol(","));
  RETURN_IF_ERROR(tokens.ExpectSymbol(")"));
  return columns;
}

absl::Status RefuseReturning(const TokenStream& tokens) {
  if (tokens.AtKeyword("RETURNING")) return UnsupportedAt(tokens.position(), "RETURNING");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Select> ParseSelect(TokenStream& tokens) { return SelectParser(tokens).Parse(); }

absl::StatusOr<Insert> ParseInsert(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("INSERT"));
  if (tokens.AtKeyword("OR")) return UnsupportedAt(tokens.position(), "INSERT OR ..");
  RETURN_IF_ERROR(tokens.ExpectKeyword("INTO"));
  Insert insert;
  ASSIGN_OR_RETURN(insert.table, tokens.ExpectTable());
  if (tokens.AtSymbol("(")) {
    ASSIGN_OR_RETURN(insert.columns, ColumnList(tokens));
  }
  if (tokens.AtKeyword("SELECT") || tokens.AtKeyword("WITH"))
    return UnsupportedAt(tokens.position(), "INSERT .. SELECT");
  if (tokens.AtKeywords({"DEFAULT", "VALUES"})) return UnsupportedAt(tokens.position(), "DEFAULT VALUES");
  RETURN_IF_ERROR(tokens.ExpectKeyword("VALUES"));
  do {
    RETURN_IF_ERROR(tokens.ExpectSymbol("("));
    ASSIGN_OR_RETURN(std::vector<Expr> row, ParseExpressionList(tokens));
    RETURN_IF_ERROR(tokens.ExpectSymbol(")"));
    insert.rows.push_back(std::move(row));
  } while (tokens.AcceptSymbol(","));
  if (tokens.AtKeyword("ON"))
    return UnsupportedAt(tokens.position(), "ON CONFLICT", "a later row of a key replaces it");
  RETURN_IF_ERROR(RefuseReturning(tokens));
  return insert;
}

absl::StatusOr<Update> ParseUpdate(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("UPDATE"));
  Update update;
  ASSIGN_OR_RETURN(update.table, tokens.ExpectTable());
  RETURN_IF_ERROR(tokens.ExpectKeyword("SET"));
  do {
    Assignment assignment;
    ASSIGN_OR_RETURN(assignment.column, tokens.ExpectName("a column name"));
    RETURN_IF_ERROR(tokens.ExpectSymbol("="));
    ASSIGN_OR_RETURN(assignment.value, ParseExpression(tokens));
    update.assignments.push_back(std::move(assignment));
  } while (tokens.AcceptSymbol(","));
  if (tokens.AtKeyword("FROM")) return UnsupportedAt(tokens.position(), "UPDATE .. FROM");
  if (tokens.AcceptKeyword("WHERE")) {
    ASSIGN_OR_RETURN(update.where, ParseExpression(tokens));
  }
  RETURN_IF_ERROR(RefuseReturning(tokens));
  return update;
}

absl::StatusOr<Delete> ParseDelete(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("DELETE"));
  RETURN_IF_ERROR(tokens.ExpectKeyword("FROM"));
  Delete erase;
  ASSIGN_OR_RETURN(erase.table, tokens.ExpectTable());
  if (tokens.AtKeyword("USING")) return UnsupportedAt(tokens.position(), "DELETE .. USING");
  if (tokens.AcceptKeyword("WHERE")) {
    ASSIGN_OR_RETURN(erase.where, ParseExpression(tokens));
  }
  erase.purge = tokens.AcceptKeyword("PURGE");
  RETURN_IF_ERROR(RefuseReturning(tokens));
  return erase;
}

}  // namespace cortex::cql
