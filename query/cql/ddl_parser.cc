#include "query/cql/ddl_parser.h"

#include <cctype>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/expression_parser.h"
#include "query/cql/nearest_name.h"
#include "query/cql/time_literal.h"
#include "query/cql/type_parser.h"

namespace cortex::cql {
namespace {

// Bytes of one unit of size; 0 if the word is none. KB is 1000, KiB is 1024.
int64_t UnitBytes(std::string_view lower_unit) {
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"bytes", 1},       {"kb", 1'000},      {"mb", 1'000'000},  {"gb", 1'000'000'000}, {"tb", 1'000'000'000'000},
      {"kib", 1LL << 10}, {"mib", 1LL << 20}, {"gib", 1LL << 30}, {"tib", 1LL << 40}};
  for (const auto& [name, bytes] : kUnits) {
    if (lower_unit == name) return bytes;
  }
  return 0;
}

absl::Status RefuseOtherObject(const TokenStream& tokens, std::string_view verb) {
  for (std::string_view object :
       {"INDEX", "VIEW", "MATERIALIZED", "UNIQUE", "SCHEMA", "DATABASE", "FUNCTION", "TRIGGER", "USER", "ROLE",
        "SEQUENCE", "TYPE", "TEMP", "TEMPORARY", "OR", "EXTERNAL"}) {
    if (tokens.AtKeyword(object)) return UnsupportedAt(tokens.position(), absl::StrFormat("%s %s", verb, object));
  }
  return absl::OkStatus();
}

class CreateTableParser {
 public:
  explicit CreateTableParser(TokenStream& tokens) : tokens_(tokens) {}

  // After CREATE TABLE.
  absl::StatusOr<CreateTable> Parse() {
    if (tokens_.AcceptKeyword("IF")) {
      RETURN_IF_ERROR(tokens_.ExpectKeyword("NOT"));
      RETURN_IF_ERROR(tokens_.ExpectKeyword("EXISTS"));
      create_.if_not_exists = true;
    }
    ASSIGN_OR_RETURN(create_.table, tokens_.ExpectTable());
    if (tokens_.AtKeyword("AS")) return UnsupportedAt(tokens_.position(), "CREATE TABLE .. AS SELECT");
    RETURN_IF_ERROR(tokens_.ExpectSymbol("("));
    do {
      ASSIGN_OR_RETURN(ColumnDefinition column, Column());
      create_.columns.push_back(std::move(column));
    } while (tokens_.AcceptSymbol(","));
    RETURN_IF_ERROR(tokens_.ExpectSymbol(")"));
    RETURN_IF_ERROR(Clauses());
    return std::move(create_);
  }

  absl::StatusOr<ColumnDefinition> Column() {
    for (std::string_view constraint : {"PRIMARY", "UNIQUE", "FOREIGN", "CONSTRAINT", "CHECK"}) {
      if (tokens_.AtKeyword(constraint) && (tokens_.AtKeyword("KEY", 1) || tokens_.AtSymbol("(", 1))) {
        return UnsupportedAt(tokens_.position(), "a table constraint",
                             "name the key column with KEY after the columns");
      }
    }
    ColumnDefinition column;
    ASSIGN_OR_RETURN(column.name, tokens_.ExpectName("a column name"));
    ASSIGN_OR_RETURN(column.type, ParseTypeName(tokens_));
    while (true) {
      ASSIGN_OR_RETURN(const bool more, ColumnOption(&column));
      if (!more) return column;
    }
  }

  // After COMPRESSION, which stood at `at`.
  absl::StatusOr<Compression> ParseCompression(Position at) {
    Compression compression;
    compression.position = at;
    ASSIGN_OR_RETURN(ColumnName name, tokens_.ExpectWord("a compression"));
    compression.name = std::move(name.name);
    if (tokens_.AtSymbol("(")) {
      ASSIGN_OR_RETURN(compression.arguments, ParseOptions(tokens_));
    }
    return compression;
  }

  // After HISTORY, which stood at `at`.
  absl::StatusOr<HistoryClause> History(Position at) {
    TierClause limits;
    RETURN_IF_ERROR(TierLimits(&limits));
    if (limits.rows || limits.bytes) return UnsupportedAt(at, "a history limited by size", "give it a time");
    return HistoryClause{at, limits.age_ns};
  }

  // After TIER, which stood at `at`.
  absl::StatusOr<std::vector<TierClause>> TierClauses(Position at) {
    RETURN_IF_ERROR(Tiers(at));
    return std::move(create_.tiers);
  }

 private:
  absl::StatusOr<bool> ColumnOption(ColumnDefinition* column) {
    const Position at = tokens_.position();
    if (tokens_.AcceptKeyword("NOT")) {
      RETURN_IF_ERROR(tokens_.ExpectKeyword("NULL"));
      column->not_null = true;
      return true;
    }
    if (tokens_.AcceptKeyword("NULL")) return true;
    if (tokens_.AcceptKeyword("DEFAULT")) {
      ASSIGN_OR_RETURN(column->default_value, ParseExpression(tokens_));
      return true;
    }
    if (tokens_.AcceptKeyword("COMPRESSION")) {
      ASSIGN_OR_RETURN(column->compression, ParseCompression(at));
      return true;
    }
    if (tokens_.AcceptKeyword("METADATA")) {
      ASSIGN_OR_RETURN(column->metadata, ParseOptions(tokens_));
      return true;
    }
    for (std::string_view word : {"PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "GENERATED", "COLLATE"}) {
      if (tokens_.AtKeyword(word)) {
        return UnsupportedAt(at, absl::StrFormat("the column option %s", word),
                             "name the key column with KEY after the columns");
      }
    }
    return false;
  }

  // KIND, KEY, TIME, SHARD BY, TIER, HISTORY and WITH in any order, each at most once.
  absl::Status Clauses() {
    while (true) {
      const Position at = tokens_.position();
      if (tokens_.AcceptKeyword("KIND")) {
        if (create_.kind) return InvalidAt(at, "KIND is given twice");
        ASSIGN_OR_RETURN(create_.kind, tokens_.ExpectWord("EVENTS or ENTITIES"));
      } else if (tokens_.AcceptKeyword("KEY")) {
        if (create_.key) return InvalidAt(at, "KEY is given twice");
        ASSIGN_OR_RETURN(create_.key, tokens_.ExpectName("a column name"));
      } else if (tokens_.AcceptKeyword("TIME")) {
        if (create_.time) return InvalidAt(at, "TIME is given twice");
        ASSIGN_OR_RETURN(create_.time, tokens_.ExpectName("a column name"));
      } else if (tokens_.AcceptKeywords({"SHARD", "BY"})) {
        if (create_.shard_by) return InvalidAt(at, "SHARD BY is given twice");
        ASSIGN_OR_RETURN(create_.shard_by, tokens_.ExpectWord("hash or fmo"));
      } else if (tokens_.AcceptKeyword("TIER")) {
        RETURN_IF_ERROR(Tiers(at));
      } else if (tokens_.AcceptKeyword("HISTORY")) {
        if (create_.history) return InvalidAt(at, "HISTORY is given twice");
        ASSIGN_OR_RETURN(create_.history, History(at));
      } else if (tokens_.AcceptKeyword("WITH")) {
        if (!create_.options.empty()) return InvalidAt(at, "WITH is given twice");
        ASSIGN_OR_RETURN(create_.options, ParseOptions(tokens_));
      } else {
        return absl::OkStatus();
      }
    }
  }

  absl::Status Tiers(Position at) {
    if (!create_.tiers.empty()) return InvalidAt(at, "TIER is given twice");
    do {
      TierClause clause;
      ASSIGN_OR_RETURN(ColumnName tier, tokens_.ExpectWord("HOT, WARM or COLD"));
      clause.position = tier.position;
      clause.tier = std::move(tier.name);
      RETURN_IF_ERROR(TierLimits(&clause));
      create_.tiers.push_back(std::move(clause));
    } while (tokens_.AcceptSymbol(","));
    return absl::OkStatus();
  }

  absl::Status TierLimits(TierClause* clause) {
    if (tokens_.AcceptKeyword("FOREVER")) return absl::OkStatus();
    RETURN_IF_ERROR(tokens_.ExpectKeyword("FOR"));
    do {
      ASSIGN_OR_RETURN(const int64_t count, tokens_.ExpectInteger("a number"));
      ASSIGN_OR_RETURN(const ColumnName unit, tokens_.ExpectWord("a unit of time, ROWS or a unit of size"));
      RETURN_IF_ERROR(OneLimit(clause, count, unit));
    } while (tokens_.AcceptKeyword("OR"));
    return absl::OkStatus();
  }

  absl::Status OneLimit(TierClause* clause, int64_t count, const ColumnName& unit) {
    std::optional<int64_t>* limit = &clause->rows;
    int64_t scale = unit.name == "rows" || unit.name == "row" ? 1 : 0;
    if (scale == 0) {
      scale = UnitNanoseconds(unit.name);
      limit = &clause->age_ns;
    }
    if (scale == 0) {
      scale = UnitBytes(unit.name);
      limit = &clause->bytes;
    }
    if (scale == 0) {
      return InvalidAt(unit.position, absl::StrFormat("unknown unit \"%s\"%s", unit.name,
                                                      DidYouMean(unit.name, {"minutes", "hours", "days", "weeks",
                                                                             "rows", "MB", "GB", "MiB", "GiB"})));
    }
    // Kept as 0 means no limit: the opposite of what was written.
    if (count == 0) return InvalidAt(unit.position, "a limit of 0; write FOREVER for no limit, or 1 for the smallest");
    int64_t value = 0;
    if (__builtin_mul_overflow(count, scale, &value)) return InvalidAt(unit.position, "tier limit out of range");
    if (*limit) return InvalidAt(unit.position, "two limits of the same kind for one tier");
    *limit = value;
    return absl::OkStatus();
  }

  TokenStream& tokens_;
  CreateTable create_;
};

absl::StatusOr<CreateReference> ParseCreateReference(TokenStream& tokens) {
  CreateReference create;
  ASSIGN_OR_RETURN(create.name, tokens.ExpectName("a reference name"));
  RETURN_IF_ERROR(tokens.ExpectKeyword("ON"));
  ASSIGN_OR_RETURN(create.table, tokens.ExpectTable());
  RETURN_IF_ERROR(tokens.ExpectSymbol("("));
  ASSIGN_OR_RETURN(create.column, tokens.ExpectName("a column name"));
  RETURN_IF_ERROR(tokens.ExpectSymbol(")"));
  RETURN_IF_ERROR(tokens.ExpectKeyword("AS"));
  ASSIGN_OR_RETURN(create.value, ParseExpression(tokens));
  return create;
}

// ALTER [COLUMN] x SET COMPRESSION codec
absl::StatusOr<SetCompression> ParseAlterColumn(TokenStream& tokens) {
  const Position at = tokens.position();
  RETURN_IF_ERROR(tokens.ExpectKeyword("ALTER"));
  tokens.AcceptKeyword("COLUMN");
  SetCompression set;
  ASSIGN_OR_RETURN(set.column, tokens.ExpectName("a column name"));
  if (!tokens.AtKeywords({"SET", "COMPRESSION"})) {
    return UnsupportedAt(at, "ALTER TABLE .. ALTER", "SET COMPRESSION is the change a column can make");
  }
  tokens.AcceptKeyword("SET");
  const Position compression_at = tokens.position();
  tokens.AcceptKeyword("COMPRESSION");
  ASSIGN_OR_RETURN(set.compression, CreateTableParser(tokens).ParseCompression(compression_at));
  return set;
}

// SET TIER tier {, tier} | SET HISTORY limit
absl::Status ParseSetOption(TokenStream& tokens, AlterTable* alter) {
  const Position at = tokens.position();
  RETURN_IF_ERROR(tokens.ExpectKeyword("SET"));
  const Position option_at = tokens.position();
  if (tokens.AcceptKeyword("HISTORY")) {
    ASSIGN_OR_RETURN(alter->action, CreateTableParser(tokens).History(option_at));
    return absl::OkStatus();
  }
  if (!tokens.AcceptKeyword("TIER")) {
    return UnsupportedAt(at, "ALTER TABLE .. SET", "TIER and HISTORY are the options to set");
  }
  SetTiers set;
  ASSIGN_OR_RETURN(set.tiers, CreateTableParser(tokens).TierClauses(option_at));
  alter->action = std::move(set);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Statement> ParseCreate(TokenStream& tokens) {
  Statement statement;
  statement.position = tokens.position();
  RETURN_IF_ERROR(tokens.ExpectKeyword("CREATE"));
  RETURN_IF_ERROR(RefuseOtherObject(tokens, "CREATE"));
  if (tokens.AcceptKeyword("REFERENCE")) {
    ASSIGN_OR_RETURN(statement.node, ParseCreateReference(tokens));
    return statement;
  }
  if (!tokens.AcceptKeyword("TABLE")) return tokens.Unexpected("TABLE or REFERENCE");
  ASSIGN_OR_RETURN(statement.node, CreateTableParser(tokens).Parse());
  return statement;
}

absl::StatusOr<AlterTable> ParseAlter(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("ALTER"));
  RETURN_IF_ERROR(RefuseOtherObject(tokens, "ALTER"));
  RETURN_IF_ERROR(tokens.ExpectKeyword("TABLE"));
  AlterTable alter;
  ASSIGN_OR_RETURN(alter.table, tokens.ExpectTable());
  if (tokens.AcceptKeyword("ADD")) {
    tokens.AcceptKeyword("COLUMN");
    AddColumn add;
    ASSIGN_OR_RETURN(add.column, CreateTableParser(tokens).Column());
    alter.action = std::move(add);
    return alter;
  }
  if (tokens.AcceptKeyword("DROP")) {
    tokens.AcceptKeyword("COLUMN");
    DropColumn drop;
    ASSIGN_OR_RETURN(drop.column, tokens.ExpectName("a column name"));
    alter.action = std::move(drop);
    return alter;
  }
  if (tokens.AcceptKeyword("RENAME")) {
    if (tokens.AtKeyword("TO")) return UnsupportedAt(tokens.position(), "renaming a table");
    tokens.AcceptKeyword("COLUMN");
    RenameColumn rename;
    ASSIGN_OR_RETURN(rename.from, tokens.ExpectName("a column name"));
    RETURN_IF_ERROR(tokens.ExpectKeyword("TO"));
    ASSIGN_OR_RETURN(rename.to, tokens.ExpectName("a column name"));
    alter.action = std::move(rename);
    return alter;
  }
  if (tokens.AtKeyword("ALTER")) {
    ASSIGN_OR_RETURN(alter.action, ParseAlterColumn(tokens));
    return alter;
  }
  if (tokens.AtKeyword("SET")) {
    RETURN_IF_ERROR(ParseSetOption(tokens, &alter));
    return alter;
  }
  if (tokens.AtKeyword("MODIFY")) return UnsupportedAt(tokens.position(), "ALTER TABLE .. MODIFY");
  return tokens.Unexpected("ADD, DROP, RENAME, ALTER or SET");
}

absl::StatusOr<DropTable> ParseDrop(TokenStream& tokens) {
  RETURN_IF_ERROR(tokens.ExpectKeyword("DROP"));
  RETURN_IF_ERROR(RefuseOtherObject(tokens, "DROP"));
  if (tokens.AtKeyword("REFERENCE")) return UnsupportedAt(tokens.position(), "DROP REFERENCE");
  RETURN_IF_ERROR(tokens.ExpectKeyword("TABLE"));
  DropTable drop;
  if (tokens.AcceptKeyword("IF")) {
    RETURN_IF_ERROR(tokens.ExpectKeyword("EXISTS"));
    drop.if_exists = true;
  }
  ASSIGN_OR_RETURN(drop.table, tokens.ExpectTable());
  if (tokens.AtSymbol(",")) return UnsupportedAt(tokens.position(), "dropping several tables at once");
  if (tokens.AtKeyword("CASCADE") || tokens.AtKeyword("RESTRICT")) {
    return UnsupportedAt(tokens.position(), "CASCADE or RESTRICT");
  }
  return drop;
}

}  // namespace cortex::cql
