#include "server/explain.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "query/query_engine.h"
#include "server/query_messages.h"

namespace cortex {
namespace {

// The engine saw our EXPLAIN on a line of its own above the caller's text: "line 3:7" was the caller's "line 2:7".
absl::Status InCallersLines(const absl::Status& status) {
  if (status.ok()) return status;
  const std::string message(StdView(status.message()));
  const size_t at = message.find("line ");
  int line = 0, column = 0, length = 0;
  if (at == std::string::npos || std::sscanf(message.c_str() + at, "line %d:%d%n", &line, &column, &length) != 2 ||
      line < 2) {
    return WithReason(status, kReasonInvalidQuery);
  }
  const std::string moved =
      message.substr(0, at) + absl::StrFormat("line %d:%d", line - 1, column) + message.substr(at + length);
  return WithReason(absl::Status(status.code(), moved), kReasonInvalidQuery);
}

}  // namespace

absl::Status ExplainQuery(const ServerCore& core, const grpc::CallbackServerContext& context,
                          const wire::ExplainRequest& request, wire::ExplainResponse* response) {
  QueryRequest query;
  query.text = std::string(request.analyze() ? "EXPLAIN ANALYZE\n" : "EXPLAIN\n") + request.cql();
  ASSIGN_OR_RETURN(query.parameters, ParametersFromProto(request.parameters(), request.named_parameters()));
  query.deadline_monotonic_ns = DeadlineOf(core, context, core.config->config.query_timeout_ms);
  auto stream = core.engine->Start(std::move(query));
  if (!stream.ok()) return InCallersLines(stream.status());

  std::string* text = response->mutable_text();
  RETURN_IF_ERROR((*stream)->Run([text](const ResultBatch& batch) {
    for (uint32_t row = 0; row < batch.row_count; ++row) *text += std::string(batch.columns[0].StringAt(row)) + "\n";
    return absl::OkStatus();
  }));
  const QueryStatistics& statistics = (*stream)->statistics();
  for (const OperatorStatistics& from : statistics.operators) {
    wire::ExplainOperator* to = response->add_operators();
    to->set_name(from.name);
    to->set_detail(from.detail);
    to->set_depth(static_cast<uint32_t>(from.depth));
    to->set_estimated_rows(from.estimated_rows);
    to->set_actual_rows(from.rows);
    to->set_time_us(static_cast<uint64_t>(from.time_ns / 1'000));
  }
  if (request.analyze()) StatisticsToProto(statistics, response->mutable_statistics());
  return absl::OkStatus();
}

}  // namespace cortex
