#include "tools/codec_report/csv_columns.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/csv_reader.h"
#include "tools/client/mapped_input.h"

namespace cortex::codec_report {
namespace {

constexpr ValueShape kStringShape{PhysicalType::kBytes, 1};

class CsvColumns final : public ColumnFile {
 public:
  std::vector<Column> columns() const override {
    std::vector<Column> out;
    for (const auto& [name, values] : fields_) out.push_back({name, values.span()});
    return out;
  }
  void Add(std::string name, ValueBuffer values) { fields_.emplace_back(std::move(name), std::move(values)); }

 private:
  std::vector<std::pair<std::string, ValueBuffer>> fields_;
};

// The cells as numbers; false if one is none.
template <typename T>
bool ToNumbers(const ValueBuffer& cells, PhysicalType type, ValueBuffer* out) {
  out->Reset({type, 1});
  auto* to = reinterpret_cast<T*>(out->ExtendFixed(cells.row_count()));
  for (uint32_t row = 0; row < cells.row_count(); ++row) {
    const std::string_view cell = cells.StringAt(row);
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), to[row]);
    if (error != std::errc() || end != cell.data() + cell.size()) return false;
  }
  return true;
}

ValueBuffer Narrowest(ValueBuffer cells) {
  ValueBuffer numbers;
  if (ToNumbers<int64_t>(cells, PhysicalType::kInt64, &numbers)) return numbers;
  if (ToNumbers<double>(cells, PhysicalType::kFloat64, &numbers)) return numbers;
  return cells;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ColumnFile>> OpenCsvColumns(const std::string& path) {
  ASSIGN_OR_RETURN(const client::MappedInput input, client::MappedInput::Open(path));
  client::CsvReader reader(input.bytes());
  std::vector<client::CsvField> header, record;
  RETURN_IF_ERROR(reader.Next(&header).status());
  std::vector<ValueBuffer> cells(header.size());
  for (ValueBuffer& column : cells) column.Reset(kStringShape);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, reader.Next(&record));
    if (!more) break;
    if (record.size() != header.size()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("CSV line %d has %d fields, the header %d", reader.line(), record.size(), header.size()));
    }
    for (size_t i = 0; i < record.size(); ++i) cells[i].AppendString(record[i].text);
  }
  auto columns = std::make_unique<CsvColumns>();
  const std::string stem = std::filesystem::path(path).stem().string();
  for (size_t i = 0; i < header.size(); ++i) columns->Add(stem + "." + header[i].text, Narrowest(std::move(cells[i])));
  return columns;
}

}  // namespace cortex::codec_report
