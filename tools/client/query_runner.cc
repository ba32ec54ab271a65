#include "tools/client/query_runner.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/npy.h"

namespace cortex::client {
namespace {

absl::StatusOr<v1::DataType::Kind> ElementKind(std::string_view dtype) {
  if (dtype == "f2") return v1::DataType::KIND_FLOAT16;
  if (dtype == "f4") return v1::DataType::KIND_FLOAT32;
  if (dtype == "f8") return v1::DataType::KIND_FLOAT64;
  if (dtype == "c8") return v1::DataType::KIND_COMPLEX64;
  if (dtype == "c16") return v1::DataType::KIND_COMPLEX128;
  return absl::InvalidArgumentError(absl::StrFormat("a vector parameter holds floats or complex numbers, not %s", dtype));
}

absl::StatusOr<v1::Value> VectorFromFile(std::string_view reference) {
  const size_t colon = reference.rfind(':');
  uint64_t row = 0;
  if (colon == std::string_view::npos ||
      std::from_chars(reference.data() + colon + 1, reference.data() + reference.size(), row).ec != std::errc()) {
    return absl::InvalidArgumentError(absl::StrFormat("a vector parameter is @FILE.npy:ROW, got @%s", reference));
  }
  const std::string path(reference.substr(0, colon));
  ASSIGN_OR_RETURN(const NpyFile file, NpyFile::Open(path));
  ASSIGN_OR_RETURN(const v1::DataType::Kind element, ElementKind(file.header().dtype));
  if (file.header().shape.size() != 2 || row >= file.row_count()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s has no row %d of a vector column", path, row));
  }
  v1::Value value;
  v1::DataType* type = value.mutable_vector()->mutable_type();
  type->set_kind(v1::DataType::KIND_VECTOR);
  type->set_element(element);
  type->set_length(static_cast<uint32_t>(file.row_length()));
  const std::string_view bytes = file.Rows(row, 1);
  value.mutable_vector()->set_values(bytes.data(), bytes.size());
  return value;
}

}  // namespace

absl::StatusOr<v1::Value> ParseParameter(std::string_view text) {
  if (!text.empty() && text[0] == '@') return VectorFromFile(text.substr(1));
  v1::Value value;
  const char* const end = text.data() + text.size();
  int64_t integer = 0;
  double real = 0;
  if (text == "null" || text == "NULL") {
    value.set_null_value(google::protobuf::NULL_VALUE);
  } else if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (const auto i = std::from_chars(text.data(), end, integer); i.ec == std::errc() && i.ptr == end) {
    value.set_int64_value(integer);
  } else if (const auto r = std::from_chars(text.data(), end, real); r.ec == std::errc() && r.ptr == end) {
    value.set_double_value(real);
  } else if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    value.set_string_value(std::string(text.substr(1, text.size() - 2)));
  } else {
    value.set_string_value(std::string(text));
  }
  return value;
}

absl::StatusOr<v1::QueryTrailer> RunQuery(const Connection& connection, const v1::QueryRequest& request, int timeout_ms,
                                          const BatchCallback& on_batch) {
  grpc::ClientContext context;
  if (timeout_ms > 0) context.set_deadline(DeadlineIn(timeout_ms));
  const auto stream = connection.query->Query(&context, request);
  v1::QueryResponse response;
  v1::ResultSchema schema;
  v1::QueryTrailer trailer;
  bool ended = false;
  while (stream->Read(&response)) {
    if (response.has_schema()) schema.Swap(response.mutable_schema());
    if (response.has_columns()) {
      const absl::Status status = on_batch(schema, response.columns());
      if (!status.ok()) {
        context.TryCancel();
        stream->Finish();  // the callback's error says more than CANCELLED
        return status;
      }
    }
    if (response.has_trailer()) {
      trailer.Swap(response.mutable_trailer());
      ended = true;
    }
  }
  RETURN_IF_ERROR(ToStatus(stream->Finish()));
  if (!ended) return absl::InternalError("the result ended without a trailer");
  return trailer;
}

absl::StatusOr<QueryResult> CollectQuery(const Connection& connection, const v1::QueryRequest& request, int timeout_ms) {
  QueryResult result;
  ASSIGN_OR_RETURN(result.trailer, RunQuery(connection, request, timeout_ms,
                                            [&](const v1::ResultSchema& schema, const v1::ColumnBatch& batch) {
                                              if (result.batches.empty()) result.schema = schema;
                                              result.batches.push_back(batch);
                                              return absl::OkStatus();
                                            }));
  return result;
}

absl::StatusOr<QueryResult> CollectQuery(const Connection& connection, const std::string& cql, int timeout_ms) {
  v1::QueryRequest request;
  request.set_cql(cql);
  return CollectQuery(connection, request, timeout_ms);
}

}  // namespace cortex::client
