#include "storage/meta/rocksdb_status.h"

#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/string_view.h"

namespace cortex {
namespace {

constexpr absl::StatusCode kCarriedCodes[] = {
    absl::StatusCode::kPermissionDenied,   absl::StatusCode::kFailedPrecondition, absl::StatusCode::kResourceExhausted,
    absl::StatusCode::kInvalidArgument,    absl::StatusCode::kAlreadyExists,      absl::StatusCode::kInternal,
    absl::StatusCode::kUnavailable,
};

// How a code is written into the text of a RocksDB status.
std::string Mark(absl::StatusCode code) { return "[" + absl::StatusCodeToString(code) + "] "; }

// Takes the mark out of `text` and returns its code; DATA_LOSS if there is none: the device could not give or keep the
// bytes, or RocksDB found a file shorter than it must be.
absl::StatusCode TakeCode(std::string* text) {
  for (const absl::StatusCode code : kCarriedCodes) {
    const std::string mark = Mark(code);
    const size_t at = text->find(mark);
    if (at == std::string::npos) continue;
    text->erase(at, mark.size());
    return code;
  }
  return absl::StatusCode::kDataLoss;
}

absl::StatusCode CodeOf(const rocksdb::Status& status, std::string* text) {
  switch (status.code()) {
    case rocksdb::Status::kIOError:
      if (status.IsNoSpace()) return absl::StatusCode::kResourceExhausted;
      return TakeCode(text);
    case rocksdb::Status::kCorruption:
      return absl::StatusCode::kDataLoss;
    case rocksdb::Status::kNotFound:
      return absl::StatusCode::kNotFound;
    case rocksdb::Status::kNotSupported:
      return absl::StatusCode::kFailedPrecondition;
    case rocksdb::Status::kShutdownInProgress:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

rocksdb::IOStatus ToRocksDb(const absl::Status& status) {
  const std::string message(status.message());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return rocksdb::IOStatus::OK();
    case absl::StatusCode::kNotFound:
      return rocksdb::IOStatus::PathNotFound(message);
    case absl::StatusCode::kResourceExhausted:
      return rocksdb::IOStatus::NoSpace(message);
    case absl::StatusCode::kDataLoss:
      return rocksdb::IOStatus::IOError(message);
    default:
      return rocksdb::IOStatus::IOError(Mark(status.code()) + message);
  }
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  std::string text = status.getState() != nullptr ? status.getState() : status.ToString();
  const absl::StatusCode code = CodeOf(status, &text);
  return absl::Status(code, absl::StrFormat("meta store: %s: %s", doing, text));
}

}  // namespace cortex
