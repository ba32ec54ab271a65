#include "tools/codec_report/sweep.h"

#include <algorithm>
#include <string>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/zptv_codec.h"
#include "tools/codec_report/contract_judge.h"
#include "tools/codec_report/measure.h"

namespace cortex::codec_report {
namespace {

using Kind = ZptvContract::Kind;

absl::Status SweepChunk(const ValueSpan& rows, uint64_t first_value, const ZptvOptions& options, SweepResult* result) {
  std::string bytes;
  ASSIGN_OR_RETURN(const ZptvError error, EncodeZptv(rows, options, &bytes));
  const MemorySource source(AsBytes(bytes));
  ASSIGN_OR_RETURN(const auto chunk, ZptvCodec()->Open(&source, rows.shape, rows.row_count));
  ValueBuffer decoded(rows.shape);
  RETURN_IF_ERROR(chunk->Decode(0, rows.row_count, &decoded));
  const uint32_t components = options.is_complex ? 2 : 1;
  ContractBreaches breaches = JudgeContract(rows, decoded.span(), options.contract, components);
  // Under PHASE16 the error has the phase's share in it.
  if (options.contract.kind != Kind::kPhase16 && !(error.max <= options.contract.bound)) ++breaches.count;
  if (result->breaches == 0 && breaches.count != 0) result->first_breach = first_value + breaches.first;
  result->breaches += breaches.count;
  result->numbers += uint64_t{rows.row_count} * rows.shape.values_per_row / components;
  result->bytes += bytes.size();
  result->stated = {std::max(result->stated.max, error.max), std::max(result->stated.rms, error.rms)};
  return absl::OkStatus();
}

}  // namespace

std::vector<ZptvContract> SweptContracts(const Column& column) {
  std::vector<ZptvContract> contracts;
  if (!IsFloat(column.rows.shape.type)) return contracts;
  contracts.push_back({});
  for (const Kind kind : {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint, Kind::kPhase16}) {
    if (kind == Kind::kPhase16 && !column.is_complex) continue;
    for (const double bound : kSweptBounds) contracts.push_back({kind, bound});
  }
  return contracts;
}

absl::StatusOr<SweepResult> SweepContract(const Column& column, ZptvContract contract) {
  SweepResult result{.contract = contract};
  const ZptvOptions options{.contract = contract, .is_complex = column.is_complex};
  const ValueSpan& rows = column.rows;
  for (uint32_t first = 0; first < rows.row_count; first += kChunkRows) {
    const ValueSpan chunk = rows.Slice(first, std::min(kChunkRows, rows.row_count - first));
    RETURN_IF_ERROR(SweepChunk(chunk, uint64_t{first} * rows.shape.values_per_row, options, &result));
  }
  return result;
}

}  // namespace cortex::codec_report
