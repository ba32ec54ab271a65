#include "tools/crash_audit/producer_book.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::audit {
namespace {

constexpr int kCallMs = 120'000;
constexpr char kProducer[] = "crash-audit";
// Numbers of batches that must never be applied: the ledger knows none of them.
constexpr int64_t kForeignBatch = int64_t{1} << 60;

}  // namespace

absl::StatusOr<v1::IngestResponse> ProducerBook::Send(const client::Connection& connection, uint64_t sequence,
                                                      int64_t batch_id, v1::Tier tier) const {
  v1::IngestRequest request;
  request.set_table(kEventsTable);
  request.set_tier(tier);
  request.set_producer_id(kProducer);
  request.set_sequence(sequence);
  *request.mutable_columns() = MakeBatch(row_seed_, Target::kEvents, writer_, batch_id);
  grpc::ClientContext context;
  context.set_deadline(client::DeadlineIn(kCallMs));
  v1::IngestResponse response;
  RETURN_IF_ERROR(client::ToStatus(connection.ingest->Ingest(&context, request, &response)));
  return response;
}

absl::Status ProducerBook::SendNext(const client::Connection& connection, v1::Tier tier) {
  const bool again = !sent_.empty() && sent_.back().commit == 0;
  if (!again) sent_.push_back({.batch_id = ledger_->Send(Target::kEvents, writer_), .tier = tier});
  Sent& last = sent_.back();
  const absl::StatusOr<v1::IngestResponse> response = Send(connection, sent_.size(), last.batch_id, last.tier);
  if (absl::IsAborted(response.status()) || absl::IsOutOfRange(response.status())) {
    return absl::InternalError(absl::StrCat("sequence ", sent_.size(), ": ", response.status().ToString()));
  }
  RETURN_IF_ERROR(response.status());
  if (!again && response->duplicate()) {
    return absl::InternalError(absl::StrCat("sequence ", sent_.size(), " is a duplicate when it is first sent"));
  }
  last.commit = response->token().commit();
  ledger_->Acknowledge(last.batch_id);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ProducerBook::Repeat(const client::Connection& connection, uint64_t sequence) {
  const Sent& sent = sent_[sequence - 1];
  ASSIGN_OR_RETURN(const v1::IngestResponse response, Send(connection, sequence, sent.batch_id, sent.tier));
  ++replays_;
  if (response.duplicate() && response.row_count() == 0 && response.token().commit() == sent.commit) return "";
  return absl::StrFormat("sequence %d was acknowledged with commit %d; sent again: commit %d, %d rows, duplicate %d",
                         sequence, sent.commit, response.token().commit(), response.row_count(), response.duplicate());
}

absl::Status ProducerBook::Misuse(const client::Connection& connection, std::vector<std::string>* complaints) const {
  const uint64_t last = sent_.size();
  const absl::Status gap = Send(connection, last + 2, kForeignBatch, v1::TIER_HOT).status();
  const absl::Status reused = Send(connection, last, kForeignBatch + 1, sent_.back().tier).status();
  for (const absl::Status& status : {gap, reused}) {
    if (absl::IsUnavailable(status)) return status;
  }
  if (!absl::IsOutOfRange(gap)) complaints->push_back(absl::StrCat("a gap in a sequence: ", gap.ToString()));
  if (!absl::IsAborted(reused)) complaints->push_back(absl::StrCat("a sequence reused: ", reused.ToString()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ProducerBook::Replay(const client::Connection& connection,
                                                              std::mt19937_64* random) {
  std::vector<std::string> complaints;
  grpc::ClientContext context;
  context.set_deadline(client::DeadlineIn(kCallMs));
  v1::GetProducerStateRequest request;
  request.set_producer_id(kProducer);
  v1::GetProducerStateResponse state;
  RETURN_IF_ERROR(client::ToStatus(connection.ingest->GetProducerState(&context, request, &state)));
  const uint64_t last = state.last_sequence();
  const bool open_end = !sent_.empty() && sent_.back().commit == 0;
  if (last != sent_.size() && !(open_end && last + 1 == sent_.size())) {
    complaints.push_back(absl::StrFormat("the server knows sequence %d, %d were sent", last, sent_.size()));
    return complaints;
  }
  if (sent_.empty()) return complaints;
  if (open_end) {
    RETURN_IF_ERROR(SendNext(connection, sent_.back().tier));
    ++replays_;
  }
  if (last == sent_.size() && state.token().commit() != sent_.back().commit) {
    complaints.push_back(absl::StrFormat("sequence %d: GetProducerState says commit %d, its answer %d", last,
                                         state.token().commit(), sent_.back().commit));
  }
  for (int i = 0; i < 4; ++i) {
    const uint64_t sequence = i == 0 ? sent_.size() : 1 + (*random)() % sent_.size();
    ASSIGN_OR_RETURN(const std::string complaint, Repeat(connection, sequence));
    if (!complaint.empty()) complaints.push_back(complaint);
  }
  RETURN_IF_ERROR(Misuse(connection, &complaints));
  return complaints;
}

}  // namespace cortex::audit
