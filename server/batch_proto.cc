#include "server/batch_proto.h"

#include <cstring>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/json_value.h"
#include "server/status_mapping.h"
#include "storage/column/column_default.h"
#include "storage/column/string_dictionary.h"

namespace cortex {
namespace {

constexpr int kMaxDictionaryEntries = 1 << 20;
constexpr uint32_t kMaxJsonRows = 65'536;

// One column while it is decoded, and what errors say about it.
struct Decoding {
  const wire::ColumnValues& proto;
  const ColumnDefinition& definition;
  const TableDefinition& table;
  uint32_t row_count;
  Bitmap validity;  // empty: all present

  bool IsNull(uint32_t row) const { return !validity.empty() && !validity.Get(row); }
  absl::Status Error(std::string_view problem) const {
    return absl::InvalidArgumentError(absl::StrFormat("%s: table \"%s\", column \"%s\" (%s)", problem, table.name,
                                                      definition.name, definition.type.ToString()));
  }
  absl::Status RowError(std::string_view problem, uint32_t row) const {
    return absl::InvalidArgumentError(absl::StrFormat("%s: table \"%s\", row %d, column \"%s\" (%s)", problem,
                                                      table.name, row, definition.name, definition.type.ToString()));
  }
};

absl::Status CheckSize(const Decoding& d, std::string_view field, size_t got, size_t expected) {
  if (got == expected) return absl::OkStatus();
  return d.Error(
      absl::StrFormat("wrong length of %s, expected %d bytes for %d rows, got %d", field, expected, d.row_count, got));
}

// Little-endian uint32 of a bytes field, read without assuming alignment.
class Numbers {
 public:
  explicit Numbers(const std::string& bytes) : bytes_(bytes) {}
  size_t size() const { return bytes_.size() / sizeof(uint32_t); }
  uint32_t operator[](size_t i) const {
    uint32_t value;
    std::memcpy(&value, bytes_.data() + i * sizeof(value), sizeof(value));
    return value;
  }

 private:
  const std::string& bytes_;
};

// `offsets` must be count + 1 numbers from 0 to `end`, never falling.
absl::Status CheckOffsets(const Decoding& d, std::string_view field, const std::string& bytes, size_t count,
                          uint64_t end) {
  RETURN_IF_ERROR(CheckSize(d, field, bytes.size(), (count + 1) * sizeof(uint32_t)));
  const Numbers offsets(bytes);
  if (offsets[0] != 0) return d.Error(absl::StrFormat("%s must start at 0, got %d", field, offsets[0]));
  for (size_t i = 0; i < count; ++i) {
    if (offsets[i + 1] < offsets[i]) {
      return d.Error(absl::StrFormat("%s fall from %d to %d at entry %d", field, offsets[i], offsets[i + 1], i + 1));
    }
  }
  if (offsets[count] != end) {
    return d.Error(absl::StrFormat("%s end at %d but there are %d", field, offsets[count], end));
  }
  return absl::OkStatus();
}

absl::Status ReadValidity(Decoding* d) {
  const std::string& bytes = d->proto.validity();
  if (bytes.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckSize(*d, "validity", bytes.size(), (d->row_count + 7) / 8));
  std::vector<uint64_t> words(WordsForBits(d->row_count), 0);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (CountOnes(words.data(), d->row_count) == d->row_count) return absl::OkStatus();
  d->validity.AppendBits(words.data(), 0, d->row_count);
  return absl::OkStatus();
}

absl::Status DecodeFixed(const Decoding& d, Column* out) {
  const size_t width = d.definition.type.shape().row_bytes();
  const std::string& values = d.proto.values();
  RETURN_IF_ERROR(CheckSize(d, "values", values.size(), width * d.row_count));
  if (d.definition.type.kind == TypeKind::kBool) {
    for (uint32_t row = 0; row < d.row_count; ++row) {
      if (!d.IsNull(row) && static_cast<uint8_t>(values[row]) > 1) {
        return d.RowError(absl::StrFormat("a bool is one byte 0 or 1, got %d", static_cast<uint8_t>(values[row])), row);
      }
    }
  }
  std::byte* bytes = out->ExtendFixed(d.row_count);
  std::memcpy(bytes, values.data(), values.size());
  if (d.validity.empty()) return absl::OkStatus();
  for (uint32_t row = 0; row < d.row_count; ++row) {
    if (d.IsNull(row)) std::memset(bytes + row * width, 0, width);  // null rows hold zero values
  }
  out->SetValidity(d.validity);
  return absl::OkStatus();
}

absl::Status DecodePlainStrings(const Decoding& d, Column* out) {
  const std::string& values = d.proto.values();
  RETURN_IF_ERROR(CheckOffsets(d, "offsets", d.proto.offsets(), d.row_count, values.size()));
  const Numbers offsets(d.proto.offsets());
  ValueBuffer* buffer = out->mutable_values();
  for (uint32_t row = 0; row < d.row_count; ++row) {
    const std::string_view value(values.data() + offsets[row], offsets[row + 1] - offsets[row]);
    buffer->AppendString(d.IsNull(row) ? std::string_view() : value);
  }
  out->FinishAppend(d.row_count, d.validity.empty() ? nullptr : d.validity.words(), 0);
  return absl::OkStatus();
}

absl::Status DecodeCodes(const Decoding& d, Column* out) {
  RETURN_IF_ERROR(CheckSize(d, "codes", d.proto.codes().size(), size_t{d.row_count} * sizeof(uint32_t)));
  if (d.proto.dictionary_size() > kMaxDictionaryEntries) {
    return d.Error(absl::StrFormat("dictionary too large: %d entries, at most %d", d.proto.dictionary_size(),
                                   kMaxDictionaryEntries));
  }
  ValueBuffer entries(d.definition.type.shape());
  std::unordered_set<std::string_view> seen;
  for (const std::string& entry : d.proto.dictionary()) {
    if (!seen.insert(entry).second) return d.Error(absl::StrFormat("dictionary entry \"%s\" stands twice", entry));
    entries.AppendString(entry);
  }
  const Numbers wire_codes(d.proto.codes());
  std::vector<uint32_t> codes(d.row_count, 0);
  for (uint32_t row = 0; row < d.row_count; ++row) {
    if (d.IsNull(row)) continue;
    codes[row] = wire_codes[row];
    if (codes[row] >= entries.row_count()) {
      return d.RowError(absl::StrFormat("code %d of a dictionary of %d entries", codes[row], entries.row_count()), row);
    }
  }
  *out = Column::OfCodes(d.definition.type, MakeStringDictionary(std::move(entries)), std::move(codes), d.validity);
  return absl::OkStatus();
}

absl::Status DecodeStrings(const Decoding& d, Column* out) {
  const bool as_codes = !d.proto.codes().empty() || d.proto.dictionary_size() > 0;
  if (!as_codes) return DecodePlainStrings(d, out);
  if (!d.proto.values().empty() || !d.proto.offsets().empty()) {
    return d.Error("strings come either as offsets and values or as codes and dictionary, got both");
  }
  return DecodeCodes(d, out);
}

absl::Status DecodeFloatLists(const Decoding& d, Column* out) {
  const std::string& values = d.proto.values();
  if (values.size() % sizeof(float) != 0)
    return d.Error(absl::StrFormat("values are %d bytes, not a multiple of 4", values.size()));
  RETURN_IF_ERROR(CheckOffsets(d, "offsets", d.proto.offsets(), d.row_count, values.size() / sizeof(float)));
  const Numbers offsets(d.proto.offsets());
  std::vector<float> elements;
  for (uint32_t row = 0; row < d.row_count; ++row) {
    if (d.IsNull(row)) {
      out->AppendNull();
      continue;
    }
    elements.resize(offsets[row + 1] - offsets[row]);
    if (!elements.empty()) {
      std::memcpy(elements.data(), values.data() + size_t{offsets[row]} * sizeof(float),
                  elements.size() * sizeof(float));
    }
    out->AppendFloatList(elements);
  }
  return absl::OkStatus();
}

absl::Status DecodeStringLists(const Decoding& d, Column* out) {
  const std::string& values = d.proto.values();
  if (d.proto.element_offsets().size() < sizeof(uint32_t)) {
    return d.Error("a list of strings needs element_offsets, got none");
  }
  const size_t elements = d.proto.element_offsets().size() / sizeof(uint32_t) - 1;
  RETURN_IF_ERROR(CheckOffsets(d, "element_offsets", d.proto.element_offsets(), elements, values.size()));
  RETURN_IF_ERROR(CheckOffsets(d, "offsets", d.proto.offsets(), d.row_count, elements));
  const Numbers offsets(d.proto.offsets());
  const Numbers bounds(d.proto.element_offsets());
  std::vector<std::string_view> strings;
  for (uint32_t row = 0; row < d.row_count; ++row) {
    if (d.IsNull(row)) {
      out->AppendNull();
      continue;
    }
    strings.clear();
    for (uint32_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      strings.emplace_back(values.data() + bounds[i], bounds[i + 1] - bounds[i]);
    }
    out->AppendStringList(strings);
  }
  return absl::OkStatus();
}

absl::Status CheckType(const Decoding& d) {
  if (!d.proto.has_type()) return absl::OkStatus();
  const absl::StatusOr<DataType> type = TypeFromProto(d.proto.type());
  if (!type.ok()) return d.Error(std::string(type.status().message()));
  const DataType& wanted = d.definition.type;
  const bool same_kind = type->kind == wanted.kind && (!wanted.is_vector() || *type == wanted);
  if (same_kind) return absl::OkStatus();  // a limit of string length is the table's business alone
  return d.Error(absl::StrFormat("wrong type, got %s", type->ToString()));
}

absl::Status DecodeColumn(Decoding d, Column* out) {
  RETURN_IF_ERROR(CheckType(d));
  RETURN_IF_ERROR(ReadValidity(&d));
  switch (d.definition.type.kind) {
    case TypeKind::kString:
    case TypeKind::kBytes:
      return DecodeStrings(d, out);
    case TypeKind::kListString:
      return DecodeStringLists(d, out);
    case TypeKind::kListFloat32:
      return DecodeFloatLists(d, out);
    default:
      return DecodeFixed(d, out);
  }
}

absl::Status UnknownColumn(std::string_view name, const TableDefinition& table) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  std::string message = absl::StrFormat("unknown column \"%s\": table \"%s\"", name, table.name);
  if (const auto nearest = NearestName(name, names)) message += absl::StrFormat("; did you mean \"%s\"?", *nearest);
  return absl::NotFoundError(message);
}

// Columns that the client left out hold their default, or NULL where the table allows it.
absl::Status FillMissing(const std::vector<bool>& given, bool partial, Batch* batch) {
  for (size_t i = 0; i < batch->columns.size(); ++i) {
    if (given[i]) continue;
    const ColumnDefinition& column = batch->table->columns[i];
    if (!column.nullable && column.default_value == nullptr && !partial) {
      return absl::InvalidArgumentError(absl::StrFormat("missing column \"%s\", which is not nullable: table \"%s\"",
                                                        column.name, batch->table->name));
    }
    AppendDefaults(column, batch->row_count, &batch->columns[i]);
  }
  return absl::OkStatus();
}

absl::Status CheckRowCount(uint64_t rows, uint64_t limit, const TableDefinition& table) {
  if (rows >= 1 && rows <= limit) return absl::OkStatus();
  return InvalidField("row_count",
                      absl::StrFormat("a batch has 1 to %d rows, got %d: table \"%s\"", limit, rows, table.name));
}

// The last step of both forms.
absl::Status Finish(const std::vector<bool>& given, const std::vector<bool>* present, Batch* batch) {
  if (present != nullptr) return ValidatePartialBatch(*batch, given);
  return ValidateBatch(*batch);
}

absl::StatusOr<Batch> DecodeColumns(const wire::ColumnBatch& proto, std::shared_ptr<const TableDefinition> table,
                                    std::vector<bool>* present) {
  RETURN_IF_ERROR(CheckRowCount(proto.row_count(), kMaxBatchRows, *table));
  Batch batch = Batch::For(table);
  batch.row_count = proto.row_count();
  std::vector<bool> given(table->columns.size(), false);
  for (int i = 0; i < proto.columns_size(); ++i) {
    const wire::ColumnValues& column = proto.columns(i);
    const std::string field = absl::StrFormat("columns.columns[%d]", i);
    const std::optional<uint32_t> ordinal = table->FindColumn(column.name());
    if (!ordinal) return WithFieldViolation(UnknownColumn(column.name(), *table), field);
    if (given[*ordinal]) {
      return InvalidField(
          field, absl::StrFormat("column \"%s\" stands twice in the batch: table \"%s\"", column.name(), table->name));
    }
    given[*ordinal] = true;
    const absl::Status decoded =
        DecodeColumn({column, table->columns[*ordinal], *table, batch.row_count, {}}, &batch.columns[*ordinal]);
    if (!decoded.ok()) return WithFieldViolation(decoded, field);
  }
  RETURN_IF_ERROR(FillMissing(given, /*partial=*/present != nullptr, &batch));
  RETURN_IF_ERROR(Finish(given, present, &batch));
  if (present != nullptr) *present = std::move(given);
  return batch;
}

absl::Status AppendJsonRow(const google::protobuf::Struct& row, uint32_t row_number, std::vector<bool>* given,
                           Batch* batch) {
  const TableDefinition& table = *batch->table;
  size_t used = 0;
  for (size_t i = 0; i < batch->columns.size(); ++i) {
    const ColumnDefinition& definition = table.columns[i];
    const auto cell = row.fields().find(definition.name);
    if (cell == row.fields().end()) {
      AppendDefaults(definition, 1, &batch->columns[i]);
      continue;
    }
    ++used;
    (*given)[i] = true;
    const absl::Status appended = AppendJson(cell->second, &batch->columns[i]);
    if (!appended.ok()) {
      return InvalidField(
          absl::StrFormat("rows.rows[%d].%s", row_number, definition.name),
          absl::StrFormat("%s: table \"%s\", row %d, column \"%s\" (%s)", std::string(appended.message()), table.name,
                          row_number, definition.name, definition.type.ToString()));
    }
  }
  if (used == row.fields().size()) return absl::OkStatus();
  for (const auto& [name, unused_value] : row.fields()) {
    if (!table.FindColumn(name)) {
      return WithFieldViolation(UnknownColumn(name, table), absl::StrFormat("rows.rows[%d]", row_number));
    }
  }
  return absl::OkStatus();
}

// A row without a column that others carry would reset it to NULL, which nobody meant.
absl::Status CheckSameColumns(const std::vector<bool>& first, const std::vector<bool>& given, uint32_t row,
                              const TableDefinition& table) {
  for (size_t i = 0; i < given.size(); ++i) {
    if (first[i] == given[i]) continue;
    return InvalidField(absl::StrFormat("rows.rows[%d]", row),
                        absl::StrFormat("rows of one MERGE carry the same columns: table \"%s\", row %d, column \"%s\"; "
                                        "send rows with other columns as a batch of their own",
                                        table.name, row, table.columns[i].name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Batch> DecodeRows(const wire::RowBatch& proto, std::shared_ptr<const TableDefinition> table,
                                 std::vector<bool>* present) {
  RETURN_IF_ERROR(CheckRowCount(proto.rows_size(), kMaxJsonRows, *table));
  Batch batch = Batch::For(table);
  batch.row_count = static_cast<uint32_t>(proto.rows_size());
  std::vector<bool> first;
  for (int row = 0; row < proto.rows_size(); ++row) {
    std::vector<bool> given(table->columns.size(), false);
    RETURN_IF_ERROR(AppendJsonRow(proto.rows(row), static_cast<uint32_t>(row), &given, &batch));
    if (present == nullptr) continue;
    if (row == 0) first = given;
    RETURN_IF_ERROR(CheckSameColumns(first, given, static_cast<uint32_t>(row), *table));
  }
  RETURN_IF_ERROR(Finish(first, present, &batch));
  if (present != nullptr) *present = std::move(first);
  return batch;
}

absl::StatusOr<Column> ColumnFromVector(const wire::VectorValue& vector) {
  ASSIGN_OR_RETURN(const DataType type, TypeFromProto(vector.type()));
  if (!type.is_vector()) {
    return absl::InvalidArgumentError(absl::StrFormat("a vector needs a vector type, got %s", type.ToString()));
  }
  const size_t expected = type.shape().row_bytes();
  if (vector.values().size() != expected) {
    return absl::InvalidArgumentError(absl::StrFormat("wrong length of a vector, expected %d bytes for %s, got %d",
                                                      expected, type.ToString(), vector.values().size()));
  }
  Column column(type);
  std::memcpy(column.ExtendFixed(1), vector.values().data(), expected);
  return column;
}

absl::StatusOr<Column> DecodeValue(const wire::Value& value) {
  const auto scalar = [](TypeKind kind, auto number) {
    Column column(DataType::Scalar(kind));
    column.AppendScalar(number);
    return column;
  };
  const auto text = [](TypeKind kind, const std::string& bytes) {
    Column column(DataType::Scalar(kind));
    column.AppendString(bytes);
    return column;
  };
  switch (value.kind_case()) {
    case wire::Value::kBoolValue:
      return scalar(TypeKind::kBool, static_cast<uint8_t>(value.bool_value() ? 1 : 0));
    case wire::Value::kInt64Value:
      return scalar(TypeKind::kInt64, static_cast<int64_t>(value.int64_value()));
    case wire::Value::kDoubleValue:
      return scalar(TypeKind::kFloat64, value.double_value());
    case wire::Value::kTimestampNs:
      return scalar(TypeKind::kTimestamp, static_cast<int64_t>(value.timestamp_ns()));
    case wire::Value::kStringValue:
      return text(TypeKind::kString, value.string_value());
    case wire::Value::kBytesValue:
      return text(TypeKind::kBytes, value.bytes_value());
    case wire::Value::kVector:
      return ColumnFromVector(value.vector());
    case wire::Value::kList:
      return ColumnFromJsonList(value.list());
    case wire::Value::kNullValue:
    case wire::Value::KIND_NOT_SET:
      break;
  }
  Column column(DataType::Scalar(TypeKind::kInt64));
  column.AppendNull();
  return column;
}

}  // namespace

absl::StatusOr<Batch> BatchFromColumns(const wire::ColumnBatch& proto, std::shared_ptr<const TableDefinition> table,
                                       std::vector<bool>* present) {
  absl::StatusOr<Batch> batch = DecodeColumns(proto, std::move(table), present);
  if (!batch.ok()) return WithReason(batch.status(), kReasonInvalidBatch);
  return batch;
}

absl::StatusOr<Batch> BatchFromRows(const wire::RowBatch& proto, std::shared_ptr<const TableDefinition> table,
                                    std::vector<bool>* present) {
  absl::StatusOr<Batch> batch = DecodeRows(proto, std::move(table), present);
  if (!batch.ok()) return WithReason(batch.status(), kReasonInvalidBatch);
  return batch;
}

absl::StatusOr<Column> ColumnFromValue(const wire::Value& value, const std::string& field) {
  absl::StatusOr<Column> column = DecodeValue(value);
  if (!column.ok()) return WithFieldViolation(column.status(), field);
  return column;
}

}  // namespace cortex
