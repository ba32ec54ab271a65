#include "server/ingest_decode.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/admission.h"
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

// At least what the columns take that the request leaves out; of rows, what all columns of fixed width do.
uint64_t FilledBytes(const wire::IngestRequest& request, const TableDefinition& table) {
  std::set<std::string> given;
  for (const wire::ColumnValues& column : request.columns().columns()) given.insert(column.name());
  uint64_t row_bytes = 0;
  for (const ColumnDefinition& column : table.columns) {
    if (given.contains(column.name)) continue;
    if (column.default_value != nullptr) {
      row_bytes += column.default_value->memory_bytes();
    } else {
      const bool is_short = column.type.is_string() || column.type.is_list();
      row_bytes += is_short ? sizeof(uint32_t) : column.type.shape().row_bytes();
    }
  }
  const uint64_t rows = request.has_columns() ? request.columns().row_count() : request.rows().rows_size();
  return std::min<uint64_t>(rows, kMaxBatchRows) * row_bytes;
}

absl::StatusOr<std::optional<ProducerStamp>> StampFromProto(const wire::IngestRequest& request) {
  if (request.producer_id().empty()) {
    if (request.sequence() == 0) return std::nullopt;
    return InvalidField("producer_id", "a sequence needs the producer_id it belongs to");
  }
  RETURN_IF_ERROR(CheckProducerId(request.producer_id()));
  if (request.sequence() == 0) {
    return InvalidField("sequence", "a batch with a producer_id needs its sequence: 1, 2, 3 ... per producer");
  }
  return ProducerStamp{.producer = request.producer_id(), .sequence = request.sequence()};
}

}  // namespace

absl::Status CheckProducerId(const std::string& producer_id) {
  // The database says the same; here the field gets its name.
  const absl::Status valid = ValidateProducer(producer_id);
  return valid.ok() ? valid : WithFieldViolation(valid, "producer_id");
}

absl::Status WithSequenceReason(absl::Status status) {
  if (absl::IsOutOfRange(status)) return WithReason(std::move(status), kReasonSequenceGap);
  if (absl::IsAborted(status)) return WithReason(std::move(status), kReasonSequenceConflict);
  return status;
}

absl::StatusOr<IngestRequest> DecodeIngest(const Database& database, MemoryBudget* budget,
                                           const wire::IngestRequest& request) {
  if (request.table().empty()) return InvalidField("table", "table is missing");
  if (request.has_columns() == request.has_rows()) {
    return InvalidField("columns", request.has_rows() ? "a batch comes either as columns or as rows, got both"
                                                      : "a batch comes as columns or as rows, got neither");
  }
  IngestRequest out;
  ASSIGN_OR_RETURN(out.mode, ModeFromProto(request.mode()));
  ASSIGN_OR_RETURN(out.producer, StampFromProto(request));
  ASSIGN_OR_RETURN(out.tier, TierFromProto(request.tier(), Tier::kHot, "tier"));
  ASSIGN_OR_RETURN(auto table, database.FindTable(request.table()));
  MemoryReservation filled(budget, MemoryUse::kRpc);
  if (const absl::Status fits = ReserveBatch(budget, FilledBytes(request, *table), &filled); !fits.ok()) {
    return WithReason(fits, kReasonMemoryBudget);
  }
  std::vector<bool>* const present = out.mode == IngestMode::kMerge ? &out.present : nullptr;
  if (request.has_columns()) {
    ASSIGN_OR_RETURN(out.batch, BatchFromColumns(request.columns(), std::move(table), present));
  } else {
    ASSIGN_OR_RETURN(out.batch, BatchFromRows(request.rows(), std::move(table), present));
  }
  return out;
}

}  // namespace cortex
