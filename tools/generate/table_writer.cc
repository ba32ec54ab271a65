#include "tools/generate/table_writer.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "tools/client/json_value.h"
#include "tools/client/wire_column.h"

namespace cortex::generate {
namespace {

std::string_view Dtype(v1::DataType::Kind kind) {
  switch (kind) {
    case v1::DataType::KIND_FLOAT16: return "<f2";
    case v1::DataType::KIND_FLOAT32: return "<f4";
    case v1::DataType::KIND_FLOAT64: return "<f8";
    case v1::DataType::KIND_COMPLEX128: return "<c16";
    default: return "<i8";
  }
}

// Magic, version 1, header padded so that the data begin at a multiple of 64, as NumPy writes it.
std::string NpyHeader(const v1::DataType& type, uint64_t rows) {
  const bool vector = type.kind() == v1::DataType::KIND_VECTOR;
  const std::string shape = vector ? absl::StrFormat("(%d, %d)", rows, type.length()) : absl::StrFormat("(%d,)", rows);
  std::string text = absl::StrFormat("{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                                     Dtype(vector ? type.element() : type.kind()), shape);
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string header = "\x93NUMPY";
  header += {'\1', '\0', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return header + text;
}

std::string_view CompressionName(v1::Compression compression) {
  return compression == v1::COMPRESSION_DICTIONARY ? "dictionary" : compression == v1::COMPRESSION_ZPTV ? "zptv" : "auto";
}

std::string CreateStatement(const v1::TableDefinition& table) {
  std::string columns;
  for (const v1::ColumnDefinition& column : table.columns()) {
    absl::StrAppend(&columns, columns.empty() ? "" : ", ", column.name(), " ", client::TypeName(column.type()),
                    column.nullable() ? "" : " NOT NULL", " COMPRESSION ", std::string(CompressionName(column.compression())));
  }
  return absl::StrFormat("CREATE TABLE %s (%s) KIND EVENTS KEY %s TIME %s\n", table.name(), columns, table.key_column(),
                         table.time_column());
}

absl::Status AppendColumn(const v1::ColumnValues& column, const v1::DataType& type, uint32_t rows, std::ofstream* file) {
  if (client::FixedWidth(type) > 0) {
    file->write(column.values().data(), static_cast<std::streamsize>(column.values().size()));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const client::WireColumn view, client::WireColumn::Open(column, type, rows));
  for (uint32_t row = 0; row < rows; ++row) *file << view.Text(row, client::TextStyle::kJson) << '\n';
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteTableDirectory(const Generator& generator, const std::string& root, const std::string& table,
                                 const std::function<void(uint64_t)>& progress) {
  const std::string path = root + "/" + table;
  if (std::filesystem::exists(path)) return absl::AlreadyExistsError(absl::StrCat(path, " exists; remove it or name another"));
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return absl::InternalError(absl::StrCat("cannot create ", path, ": ", error.message()));

  const v1::TableDefinition definition = generator.Definition(table);
  const uint64_t row_count = generator.options().row_count;
  std::vector<std::ofstream> files;
  for (const v1::ColumnDefinition& column : definition.columns()) {
    const bool packed = client::FixedWidth(column.type()) > 0;
    files.emplace_back(path + "/" + column.name() + (packed ? ".npy" : ".jsonl"), std::ios::binary);
    if (packed) files.back() << NpyHeader(column.type(), row_count);
  }
  const uint32_t step = generator.options().vectors ? 1'024 : 65'536;
  for (uint64_t begin = 0; begin < row_count; begin += step) {
    const auto count = static_cast<uint32_t>(std::min<uint64_t>(step, row_count - begin));
    const v1::ColumnBatch batch = generator.Rows(begin, count);
    for (int i = 0; i < batch.columns_size(); ++i) {
      RETURN_IF_ERROR(AppendColumn(batch.columns(i), definition.columns(i).type(), count, &files[static_cast<size_t>(i)]));
    }
    progress(begin + count);
  }
  if (table != "css_fields") std::ofstream(path + "/create.cql") << CreateStatement(definition);
  std::ofstream(root + "/manifest.json") << absl::StrFormat(
      "{\"made_by\": \"cortex-generate\", \"kind\": \"generated\", \"seed\": %d, \"tables\": [{\"table\": \"%s\", \"rows\": %d}]}\n",
      generator.options().seed, table, row_count);
  for (std::ofstream& file : files) {
    file.close();
    if (!file) return absl::ResourceExhaustedError(absl::StrCat("cannot write all of ", path, "; is the disk full?"));
  }
  return absl::OkStatus();
}

}  // namespace cortex::generate
