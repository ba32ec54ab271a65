#include "tools/client/column_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "tools/client/json_value.h"
#include "tools/client/npy.h"
#include "tools/client/value_appender.h"

namespace cortex::client {
namespace {

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

// The npy dtype whose bytes are the column's bytes; "" when there is none.
std::string_view DtypeOf(v1::DataType::Kind kind) {
  switch (kind) {
    case v1::DataType::KIND_BOOL: return "b1";
    case v1::DataType::KIND_INT8: return "i1";
    case v1::DataType::KIND_INT16: return "i2";
    case v1::DataType::KIND_INT32: return "i4";
    case v1::DataType::KIND_INT64:
    case v1::DataType::KIND_TIMESTAMP: return "i8";
    case v1::DataType::KIND_FLOAT16: return "f2";
    case v1::DataType::KIND_FLOAT32: return "f4";
    case v1::DataType::KIND_FLOAT64: return "f8";
    case v1::DataType::KIND_COMPLEX64: return "c8";
    case v1::DataType::KIND_COMPLEX128: return "c16";
    default: return "";
  }
}

// The validity bitmap (least significant bit first) of bytes that are 0 or not; empty when none is 0.
std::string PackValidity(std::string_view valid) {
  if (valid.find('\0') == std::string_view::npos) return "";
  std::string bitmap((valid.size() + 7) / 8, '\0');
  for (size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] != 0) bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | 1 << (i % 8));
  }
  return bitmap;
}

class NpyColumnFile final : public ColumnFile {
 public:
  static absl::StatusOr<std::unique_ptr<ColumnFile>> Open(const std::string& path, const v1::ColumnDefinition& column) {
    ASSIGN_OR_RETURN(NpyFile file, NpyFile::Open(path));
    const v1::DataType& type = column.type();
    const bool vector = type.kind() == v1::DataType::KIND_VECTOR;
    const std::string_view wanted = DtypeOf(vector ? type.element() : type.kind());
    const bool same = file.header().dtype == wanted ||
                      (type.kind() == v1::DataType::KIND_TIMESTAMP && file.header().dtype == "M8[ns]");
    if (wanted.empty() || !same || vector != (file.header().shape.size() == 2) || file.row_bytes() != FixedWidth(type)) {
      const std::string found = file.header().shape.size() == 2
                                    ? absl::StrFormat("%s[rows, %d]", file.header().dtype, file.header().shape[1])
                                    : absl::StrFormat("%s[rows]", file.header().dtype);
      return absl::InvalidArgumentError(absl::StrFormat("column %s is %s, %s holds %s; convert it with numpy's astype",
                                                        column.name(), TypeName(type), path, found));
    }
    std::optional<NpyFile> valid;
    const std::string valid_path = path.substr(0, path.size() - 4) + ".valid.npy";
    if (std::filesystem::exists(valid_path)) {
      ASSIGN_OR_RETURN(valid, NpyFile::Open(valid_path));
      if (valid->header().dtype != "b1" || valid->row_bytes() != 1 || valid->row_count() != file.row_count()) {
        return absl::InvalidArgumentError(absl::StrCat(valid_path, " is not bool[rows] of its column's length"));
      }
    }
    return std::unique_ptr<ColumnFile>(new NpyColumnFile(std::move(file), std::move(valid), column));
  }

  uint64_t row_count() const override { return file_.row_count(); }
  size_t row_bytes() const override { return row_bytes_; }

  absl::StatusOr<bool> Read(uint64_t begin, uint32_t count, v1::ColumnValues* out) override {
    if (valid_) {
      const std::string_view present = valid_->Rows(begin, count);
      if (may_be_left_out_ && present.find('\1') == std::string_view::npos) return false;
      out->set_validity(PackValidity(present));
    }
    out->set_name(name_);
    const std::string_view rows = file_.Rows(begin, count);
    out->set_values(rows.data(), rows.size());
    return true;
  }

 private:
  NpyColumnFile(NpyFile file, std::optional<NpyFile> valid, const v1::ColumnDefinition& column)
      : file_(std::move(file)), valid_(std::move(valid)), name_(column.name()),
        may_be_left_out_(column.nullable() && !column.has_default_value()) {
    row_bytes_ = file_.row_bytes();
    if (valid_ && may_be_left_out_ && valid_->row_count() > 0) {  // mostly NULL columns hardly count
      const std::string_view present = valid_->Rows(0, valid_->row_count());
      const auto filled = static_cast<size_t>(std::count(present.begin(), present.end(), '\1'));
      row_bytes_ = row_bytes_ * filled / present.size();
    }
  }

  NpyFile file_;
  std::optional<NpyFile> valid_;
  std::string name_;
  bool may_be_left_out_;
  size_t row_bytes_ = 0;
};

class JsonLinesColumnFile final : public ColumnFile {
 public:
  static absl::StatusOr<std::unique_ptr<ColumnFile>> Open(const std::string& path, const v1::ColumnDefinition& column) {
    ASSIGN_OR_RETURN(MappedInput input, MappedInput::Open(path));
    const std::string_view text = input.bytes();
    auto lines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    if (!text.empty() && text.back() != '\n') ++lines;
    return std::unique_ptr<ColumnFile>(new JsonLinesColumnFile(path, std::move(input), lines, column));
  }

  uint64_t row_count() const override { return row_count_; }
  size_t row_bytes() const override { return row_count_ == 0 ? 0 : input_.bytes().size() / row_count_; }

  absl::StatusOr<bool> Read(uint64_t begin, uint32_t count, v1::ColumnValues* out) override {
    for (uint32_t i = 0; i < count; ++i) {
      const std::string_view rest = input_.bytes().substr(at_);
      const std::string_view line = rest.substr(0, rest.find('\n'));
      at_ = std::min(at_ + line.size() + 1, input_.bytes().size());
      absl::Status status = AppendLine(line);
      if (!status.ok()) {
        return absl::Status(status.code(), absl::StrFormat("%s:%d: %s", path_, begin + i + 1, StdView(status.message())));
      }
    }
    appender_.TakeColumn(out);
    return true;
  }

 private:
  JsonLinesColumnFile(std::string path, MappedInput input, uint64_t row_count, const v1::ColumnDefinition& column)
      : path_(std::move(path)), input_(std::move(input)), row_count_(row_count), appender_(column.name(), column.type()) {}

  absl::Status AppendLine(std::string_view line) {
    ASSIGN_OR_RETURN(const JsonValue value, ParseJson(line));
    return appender_.AppendJson(value);
  }

  std::string path_;
  MappedInput input_;
  uint64_t row_count_;
  size_t at_ = 0;
  ValueAppender appender_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ColumnFile>> OpenColumnFile(const std::string& path, const v1::ColumnDefinition& column) {
  if (EndsWith(path, ".npy")) return NpyColumnFile::Open(path, column);
  if (EndsWith(path, ".jsonl")) return JsonLinesColumnFile::Open(path, column);
  return absl::InvalidArgumentError(absl::StrCat("a column file ends in .npy or .jsonl: ", path));
}

}  // namespace cortex::client
