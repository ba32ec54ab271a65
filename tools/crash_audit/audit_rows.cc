#include "tools/crash_audit/audit_rows.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/bytes/checksum.h"

namespace cortex::audit {
namespace {

constexpr int64_t kBaseTimeNs = 1'700'000'000'000'000'000;

template <typename T>
void AppendPacked(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

int64_t Digest(const AuditRow& row) {
  std::string bytes = row.key;
  AppendPacked(row.time_ns, &bytes);
  AppendPacked(row.batch_id, &bytes);
  AppendPacked(row.row_number, &bytes);
  bytes += row.note ? "n" + *row.note : "-";
  if (row.state) AppendPacked(*row.state, &bytes);
  return static_cast<int64_t>(Checksum64(bytes));
}

// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): one word of
// state, so that a generator per row costs nothing.
class Random final {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t operator()() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_;
};

void SetPresent(uint32_t row, std::string* validity) {
  (*validity)[row / 8] = static_cast<char>((*validity)[row / 8] | 1 << (row % 8));
}

}  // namespace

AuditRow MakeRow(uint64_t seed, Target target, uint32_t writer, int64_t batch_id, uint32_t row) {
  Random random(seed + static_cast<uint64_t>(batch_id) * 0xD1342543DE82EF95u + row);
  AuditRow result;
  // Entities of one batch are distinct: a run of the writer's keys from a random start.
  const uint32_t start = static_cast<uint32_t>(Random(seed ^ static_cast<uint64_t>(batch_id))());
  result.key = target == Target::kEntities
                   ? absl::StrFormat("entity-%d-%03d", writer, (start % kEntitiesPerWriter + row) % kEntitiesPerWriter)
                   : absl::StrFormat("event-%d-%d", writer, random() % 1'000);
  // Modulo 2^64: misused batches have numbers beyond all others.
  result.time_ns = static_cast<int64_t>(kBaseTimeNs + static_cast<uint64_t>(batch_id) * 1'000'000 + row);
  result.batch_id = batch_id;
  result.row_number = static_cast<int32_t>(row);
  if (random() % 10 != 0) result.note = std::string(random() % 40, static_cast<char>('a' + random() % 26));
  if (random() % 20 != 0) {
    result.state.emplace();
    for (float& value : *result.state) value = static_cast<float>(static_cast<int32_t>(random())) * 0x1p-31f;
  }
  result.digest = Digest(result);
  return result;
}

v1::ColumnBatch MakeBatch(uint64_t seed, Target target, uint32_t writer, int64_t batch_id) {
  v1::ColumnBatch batch;
  batch.set_row_count(kRowsPerBatch);
  std::array<v1::ColumnValues*, 7> columns;
  constexpr std::array<const char*, 7> kNames = {"key", "time", "batch_id", "row_number", "note", "state", "digest"};
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i] = batch.add_columns();
    columns[i]->set_name(kNames[i]);
  }
  const std::string no_row((kRowsPerBatch + 7) / 8, '\0');
  std::string note_validity = no_row, state_validity = no_row;
  const auto append_text = [](const std::string& text, v1::ColumnValues* column) {
    if (column->offsets().empty()) AppendPacked<uint32_t>(0, column->mutable_offsets());
    *column->mutable_values() += text;
    AppendPacked(static_cast<uint32_t>(column->values().size()), column->mutable_offsets());
  };
  for (uint32_t i = 0; i < kRowsPerBatch; ++i) {
    const AuditRow row = MakeRow(seed, target, writer, batch_id, i);
    append_text(row.key, columns[0]);
    AppendPacked(row.time_ns, columns[1]->mutable_values());
    AppendPacked(row.batch_id, columns[2]->mutable_values());
    AppendPacked(row.row_number, columns[3]->mutable_values());
    append_text(row.note.value_or(""), columns[4]);
    if (row.note) SetPresent(i, &note_validity);
    AppendPacked(row.state.value_or(std::array<float, kVectorLength>{}), columns[5]->mutable_values());
    if (row.state) SetPresent(i, &state_validity);
    AppendPacked(row.digest, columns[6]->mutable_values());
  }
  columns[4]->set_validity(note_validity);
  columns[5]->set_validity(state_validity);
  return batch;
}

v1::TableDefinition AuditTable(Target target) {
  v1::TableDefinition table;
  table.set_name(target == Target::kEvents ? kEventsTable : kEntitiesTable);
  table.set_kind(target == Target::kEvents ? v1::TABLE_KIND_EVENTS : v1::TABLE_KIND_ENTITIES);
  table.set_key_column("key");
  table.set_time_column("time");
  const auto add = [&](const char* name, v1::DataType::Kind kind, bool nullable) {
    v1::ColumnDefinition* column = table.add_columns();
    column->set_name(name);
    column->mutable_type()->set_kind(kind);
    column->set_nullable(nullable);
    return column;
  };
  add("key", v1::DataType::KIND_STRING, false)->mutable_type()->set_length(64);
  add("time", v1::DataType::KIND_TIMESTAMP, false);
  add("batch_id", v1::DataType::KIND_INT64, false);
  add("row_number", v1::DataType::KIND_INT32, false);
  add("note", v1::DataType::KIND_STRING, true);
  v1::DataType* state = add("state", v1::DataType::KIND_VECTOR, true)->mutable_type();
  state->set_element(v1::DataType::KIND_FLOAT32);
  state->set_length(kVectorLength);
  add("digest", v1::DataType::KIND_INT64, false);
  // The rows' times are years old, so age alone makes every sealed row due at once.
  table.mutable_tier_policy()->set_hot_max_rows(5'000);
  table.mutable_tier_policy()->set_warm_max_bytes(4 << 20);
  table.mutable_tier_policy()->set_cold_partition(v1::COLD_PARTITION_DAY);
  return table;
}

}  // namespace cortex::audit
