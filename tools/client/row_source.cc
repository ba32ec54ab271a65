#include "tools/client/row_source.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/column/schema.h"
#include "tools/client/column_file.h"
#include "tools/client/csv_reader.h"
#include "tools/client/mapped_input.h"
#include "tools/client/value_appender.h"

namespace cortex::client {
namespace {

absl::Status UnknownColumn(const std::string& path, const v1::TableDefinition& table, const std::string& name) {
  std::vector<std::string> known;
  for (const v1::ColumnDefinition& column : table.columns()) known.push_back(column.name());
  const std::optional<std::string> nearest = NearestName(name, known);
  return absl::NotFoundError(absl::StrFormat("%s: table %s has no column \"%s\"%s", path, table.name(), name,
                                             nearest ? "; did you mean \"" + *nearest + "\"?" : std::string()));
}

// Column files that advance together.
class ColumnFilesSource final : public RowSource {
 public:
  explicit ColumnFilesSource(std::vector<std::unique_ptr<ColumnFile>> files) : files_(std::move(files)) {
    row_count_ = files_.front()->row_count();
    for (const auto& file : files_) row_bytes_ += file->row_bytes();
  }

  absl::Status NextBatch(const BatchLimits& limits, v1::ColumnBatch* batch) override {
    batch->Clear();
    const uint64_t fitting = std::max<uint64_t>(1, limits.max_bytes / std::max<size_t>(1, row_bytes_));
    const auto count = static_cast<uint32_t>(std::min({row_count_ - next_, fitting, uint64_t{limits.max_rows}}));
    if (count == 0) return absl::OkStatus();
    for (const auto& file : files_) {
      v1::ColumnValues column;
      ASSIGN_OR_RETURN(const bool any, file->Read(next_, count, &column));
      if (any) batch->add_columns()->Swap(&column);
    }
    batch->set_row_count(count);
    next_ += count;
    return absl::OkStatus();
  }

  double progress() const override {
    return row_count_ == 0 ? 1.0 : static_cast<double>(next_) / static_cast<double>(row_count_);
  }

 private:
  std::vector<std::unique_ptr<ColumnFile>> files_;
  uint64_t row_count_ = 0;
  uint64_t next_ = 0;
  size_t row_bytes_ = 0;
};

class CsvSource final : public RowSource {
 public:
  static absl::StatusOr<std::unique_ptr<RowSource>> Open(const std::string& path, const v1::TableDefinition& table) {
    ASSIGN_OR_RETURN(MappedInput input, MappedInput::Open(path));
    std::unique_ptr<CsvSource> source(new CsvSource(path, std::move(input)));
    ASSIGN_OR_RETURN(const bool any, source->reader_.Next(&source->fields_));
    if (!any) return absl::InvalidArgumentError(absl::StrCat(path, " is empty; its first line must name the columns"));
    for (const CsvField& field : source->fields_) {
      const v1::ColumnDefinition* column = FindColumn(table, field.text);
      if (column == nullptr) return UnknownColumn(path, table, field.text);
      source->appenders_.emplace_back(column->name(), column->type());
    }
    return source;
  }

  absl::Status NextBatch(const BatchLimits& limits, v1::ColumnBatch* batch) override {
    batch->Clear();
    size_t bytes = 0;
    while (appenders_[0].row_count() < limits.max_rows && bytes < limits.max_bytes) {
      ASSIGN_OR_RETURN(const bool any, reader_.Next(&fields_));
      if (!any) break;
      RETURN_IF_ERROR(AppendRecord(&bytes));
    }
    batch->set_row_count(appenders_[0].row_count());
    if (batch->row_count() == 0) return absl::OkStatus();
    for (ValueAppender& appender : appenders_) appender.TakeColumn(batch->add_columns());
    return absl::OkStatus();
  }

  double progress() const override {
    return static_cast<double>(reader_.bytes_read()) / static_cast<double>(input_.bytes().size());
  }

 private:
  CsvSource(std::string path, MappedInput input)
      : path_(std::move(path)), input_(std::move(input)), reader_(input_.bytes()) {}

  absl::Status AppendRecord(size_t* bytes) {
    if (fields_.size() != appenders_.size()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %d fields, the first line names %d", path_, reader_.line(),
                                                        fields_.size(), appenders_.size()));
    }
    *bytes = 0;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const absl::Status status = appenders_[i].AppendText(fields_[i].text, fields_[i].quoted);
      if (!status.ok()) {
        return absl::Status(status.code(), absl::StrFormat("%s:%d: %s", path_, reader_.line(), StdView(status.message())));
      }
      *bytes += appenders_[i].size_bytes();
    }
    return absl::OkStatus();
  }

  std::string path_;
  MappedInput input_;
  CsvReader reader_;
  std::vector<CsvField> fields_;
  std::vector<ValueAppender> appenders_;
};

}  // namespace

const v1::ColumnDefinition* FindColumn(const v1::TableDefinition& table, const std::string& name) {
  for (const v1::ColumnDefinition& column : table.columns()) {
    if (column.name() == name) return &column;
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<RowSource>> OpenColumnFiles(const std::map<std::string, std::string>& paths,
                                                           const v1::TableDefinition& table) {
  if (paths.empty()) return absl::InvalidArgumentError("no column files");
  std::vector<std::unique_ptr<ColumnFile>> files;
  for (const auto& [name, path] : paths) {
    const v1::ColumnDefinition* column = FindColumn(table, name);
    if (column == nullptr) return UnknownColumn(path, table, name);
    ASSIGN_OR_RETURN(std::unique_ptr<ColumnFile> file, OpenColumnFile(path, *column));
    if (!files.empty() && file->row_count() != files.front()->row_count()) {
      return absl::InvalidArgumentError(absl::StrFormat("%s holds %d rows, %s holds %d", path, file->row_count(),
                                                        paths.begin()->second, files.front()->row_count()));
    }
    files.push_back(std::move(file));
  }
  return std::make_unique<ColumnFilesSource>(std::move(files));
}

absl::StatusOr<std::unique_ptr<RowSource>> OpenTableDirectory(const std::string& path, const v1::TableDefinition& table) {
  std::map<std::string, std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::filesystem::path& file = entry.path();
    const std::string stem = file.stem().string();
    const bool validity = stem.size() > 6 && stem.substr(stem.size() - 6) == ".valid";
    if ((file.extension() == ".npy" && !validity) || file.extension() == ".jsonl") paths[stem] = file.string();
  }
  if (error) return absl::NotFoundError(absl::StrFormat("cannot read directory %s: %s", path, error.message()));
  if (paths.empty()) return absl::InvalidArgumentError(absl::StrCat("no .npy or .jsonl files in ", path));
  return OpenColumnFiles(paths, table);
}

absl::StatusOr<std::unique_ptr<RowSource>> OpenCsvFile(const std::string& path, const v1::TableDefinition& table) {
  return CsvSource::Open(path, table);
}

}  // namespace cortex::client
