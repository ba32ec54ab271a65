#include "server/ingest_decode.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/batch_proto.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

absl::StatusOr<IngestMode> ModeFromProto(int mode) {
  switch (mode) {
    case wire::INGEST_MODE_UNSPECIFIED:
    case wire::INGEST_MODE_REPLACE:
      return IngestMode::kReplace;
    case wire::INGEST_MODE_MERGE:
      return IngestMode::kMerge;
    default:
      return InvalidField("mode", absl::StrFormat("unknown ingest mode %d; expects REPLACE or MERGE", mode));
  }
}

}  // namespace

absl::StatusOr<IngestRequest> DecodeIngest(const Database& database, const wire::IngestRequest& request) {
  if (!request.producer_id().empty() || request.sequence() != 0) {
    return NotBuilt("exactly-once producers (producer_id, sequence) are not built yet; leave both fields out");
  }
  if (request.table().empty()) return InvalidField("table", "table is missing");
  if (request.has_columns() == request.has_rows()) {
    return InvalidField("columns", request.has_rows() ? "a batch comes either as columns or as rows, got both"
                                                      : "a batch comes as columns or as rows, got neither");
  }
  IngestRequest out;
  ASSIGN_OR_RETURN(out.mode, ModeFromProto(request.mode()));
  ASSIGN_OR_RETURN(out.tier, TierFromProto(request.tier(), Tier::kHot, "tier"));
  ASSIGN_OR_RETURN(auto table, database.FindTable(request.table()));
  std::vector<bool>* const present = out.mode == IngestMode::kMerge ? &out.present : nullptr;
  if (request.has_columns()) {
    ASSIGN_OR_RETURN(out.batch, BatchFromColumns(request.columns(), std::move(table), present));
  } else {
    ASSIGN_OR_RETURN(out.batch, BatchFromRows(request.rows(), std::move(table), present));
  }
  return out;
}

}  // namespace cortex
