#include "query/plan/compression_binder.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/plan/expression_binder.h"

namespace cortex::query {
namespace {

struct CompressionName {
  std::string_view name;
  Compression compression;
};
constexpr CompressionName kCompressions[] = {
    {"none", Compression::kNone},     {"auto", Compression::kAuto},   {"dictionary", Compression::kDictionary},
    {"rle", Compression::kRunLength}, {"delta", Compression::kDelta}, {"zptv", Compression::kZptv},
};

struct BoundName {
  std::string_view name;
  ZptvContract::Kind kind;
};
constexpr BoundName kBounds[] = {
    {"abs", ZptvContract::Kind::kAbs},     {"rms", ZptvContract::Kind::kRms},         {"row_l2", ZptvContract::Kind::kRowL2},
    {"point", ZptvContract::Kind::kPoint}, {"phase16", ZptvContract::Kind::kPhase16},
};

absl::StatusOr<double> BindNumber(const cql::Option& bound, const BindContext& context) {
  BindScope scope;
  scope.context = &context;
  scope.clause = "COMPRESSION";
  ASSIGN_OR_RETURN(const BoundExpr value, BindExpression(*bound.value, scope));
  if (value.is_constant() && !value.constant->IsNull(0)) {
    const TypeKind kind = value.constant->type().kind;
    if (kind == TypeKind::kFloat64) return value.constant->values_as<double>()[0];
    if (kind == TypeKind::kInt64) return static_cast<double>(value.constant->values_as<int64_t>()[0]);
  }
  return cql::InvalidAt(bound.position, absl::StrFormat("bound \"%s\" needs a number", bound.name));
}

absl::StatusOr<ZptvContract> BindContract(const cql::Option& bound, const BindContext& context) {
  std::vector<std::string> names;
  for (const BoundName& known : kBounds) {
    names.emplace_back(known.name);
    if (known.name != bound.name) continue;
    ZptvContract contract{.kind = known.kind};
    ASSIGN_OR_RETURN(contract.bound, BindNumber(bound, context));
    return contract;
  }
  return cql::InvalidAt(bound.position,
                        absl::StrFormat("unknown bound \"%s\"%s", bound.name, cql::DidYouMean(bound.name, names)));
}

}  // namespace

absl::StatusOr<BoundCompression> BindCompression(const cql::Compression& compression, const BindContext& context) {
  std::vector<std::string> names;
  for (const CompressionName& known : kCompressions) {
    names.emplace_back(known.name);
    if (known.name != compression.name) continue;
    BoundCompression bound{.compression = known.compression};
    if (compression.arguments.empty()) return bound;
    if (known.compression != Compression::kZptv) {
      return cql::InvalidAt(compression.arguments[0].position,
                            absl::StrFormat("compression %s takes no bound", known.name));
    }
    if (compression.arguments.size() > 1) {
      return cql::InvalidAt(compression.arguments[1].position, "zptv takes one bound");
    }
    ASSIGN_OR_RETURN(bound.contract, BindContract(compression.arguments[0], context));
    return bound;
  }
  return cql::InvalidAt(compression.position, absl::StrFormat("unknown compression \"%s\"%s", compression.name,
                                                              cql::DidYouMean(compression.name, names)));
}

}  // namespace cortex::query
