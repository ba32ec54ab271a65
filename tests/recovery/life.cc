#include "tests/recovery/life.h"

#include <algorithm>
#include <set>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/schema_change.h"
#include "tests/support/batch_builder.h"
#include "tests/support/wait_until.h"

namespace cortex::testing {
namespace {

using Kind = LifeStep::Kind;

constexpr int64_t kDayNs = 86'400'000'000'000;

// The columns and the visibility of one row group.
struct GroupRows {
  Column keys{DataType::String()}, times{DataType::Scalar(TypeKind::kTimestamp)}, x{DataType::Scalar(TypeKind::kInt64)}, y{DataType::Scalar(TypeKind::kInt64)};
  std::vector<uint64_t> visible;
};

absl::StatusOr<GroupRows> ReadGroup(const Snapshot& snapshot, const RowGroupView& group) {
  GroupRows rows;
  const uint32_t count = group.row_count();
  rows.visible.resize(WordsForBits(count) + 1);
  FillOnes(rows.visible.data(), count);
  RETURN_IF_ERROR(group.SelectVisible(snapshot.window, 0, count, rows.visible.data()));
  for (const auto& [ordinal, column] : {std::pair<int, Column*>{0, &rows.keys}, {1, &rows.times}, {2, &rows.x}, {3, &rows.y}}) {
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(snapshot.table->columns[ordinal].id));
    if (chunk == nullptr) return absl::DataLossError("a column is missing");
    RETURN_IF_ERROR(chunk->Decode(0, count, column));
  }
  return rows;
}

}  // namespace

absl::Status Life::Open() {
  DatabaseOptions options;
  options.data_dir = dir_;
  options.file_system = fs_;
  options.clock = &clock_;
  options.seal_rows = 1024;
  options.wal_file_bytes = 16 << 10;
  options.tiering_interval_ns = 0;
  options.tiering_bytes_per_second = 0;
  options.create_builtin_tables = false;
  options.on_event = [this](std::string_view event, std::string_view detail) {
    MutexLock lock(&mutex_);
    events_.push_back(std::string(event) + ": " + std::string(detail));
  };
  ASSIGN_OR_RETURN(db_, Database::Open(options));
  return absl::OkStatus();
}

std::vector<std::string> Life::events() const {
  MutexLock lock(&mutex_);
  return events_;
}

absl::Status Life::Do(const LifeStep& step) {
  switch (step.kind) {
    case Kind::kCreate:
      return Create(step);
    case Kind::kDrop:
      return db_->DropTable(step.table);
    case Kind::kAlter: {
      ColumnDefinition column;
      column.name = "z" + std::to_string(step.x);
      column.type = DataType::Scalar(TypeKind::kInt32);
      return db_->AlterTable(step.table, AddColumn{.column = column}).status();
    }
    case Kind::kPut:
    case Kind::kMerge:
    case Kind::kExpired:
      return Put(step);
    case Kind::kAge:
      clock_.Advance(3 * kDayNs);  // a clock that kept its pace for so long is trusted
      return db_->ApplyTierPolicies();
    case Kind::kDelete:
    case Kind::kPurge:
      return Delete(step);
    case Kind::kMove:
      return db_->MoveTier({.table = step.table, .from = step.from, .to = step.to}).status();
    case Kind::kReopen:
      Close();
      return Open();
    case Kind::kLitter: {
      ASSIGN_OR_RETURN(const auto file, fs_->OpenWritable(JoinPath(dir_, "warm/00-00000000ffffffff-0123456789abcdef.seg"),
                                                          WriteMode::kTruncate));
      return file->Append(AsBytes(std::string_view("nobody knows this file")));
    }
  }
  return absl::InternalError("unknown step");
}

absl::Status Life::Create(const LifeStep& step) {
  TableDefinition table = *TestTable(
      step.table, {{"x", DataType::Scalar(TypeKind::kInt64)}, {"y", DataType::Scalar(TypeKind::kInt64)}},
      step.table_kind);
  if (step.time_to_live) table.policy.ttl_ns = kDayNs;
  return db_->CreateTable(table).status();
}

absl::Status Life::Put(const LifeStep& step) {
  ASSIGN_OR_RETURN(const auto table, db_->FindTable(step.table));
  const bool merge = step.kind == Kind::kMerge;
  BatchBuilder builder(table);
  const size_t more = table->columns.size() - 4;  // what was added since
  for (int i = step.first; i < step.first + step.count; ++i) {
    // Three days: three partitions of the cold tier.
    std::vector<TestValue> row = {LifeKey(step, i), (i % 3) * kDayNs + i, step.x, step.x};
    if (merge) row[3] = Null{};
    row.insert(row.end(), more, Null{});
    builder.Row(row);
  }
  IngestRequest request{.batch = builder.Build(), .tier = step.to};
  if (merge) request.mode = IngestMode::kMerge;
  if (step.sequence != 0) request.producer = ProducerStamp{.producer = "p", .sequence = step.sequence};
  if (merge) {
    request.present.assign(table->columns.size(), false);
    std::fill_n(request.present.begin(), 3, true);
  }
  return db_->Ingest(std::move(request)).status();
}

absl::Status Life::Delete(const LifeStep& step) {
  std::set<std::string> keys;
  for (int i = step.first; i < step.first + step.count; ++i) keys.insert(LifeKey(step, i));
  DeleteRequest request{.table = step.table, .purge = step.kind == Kind::kPurge};
  ASSIGN_OR_RETURN(const auto snapshot, db_->OpenSnapshot(step.table, SnapshotRequest()));
  for (const auto& segment : snapshot->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      ASSIGN_OR_RETURN(const GroupRows rows, ReadGroup(*snapshot, segment->row_group(g)));
      std::vector<uint32_t> chosen;
      for (uint32_t row = 0; row < rows.keys.row_count(); ++row) {
        if (GetBit(rows.visible.data(), row) && keys.count(std::string(rows.keys.StringAt(row))) != 0) {
          chosen.push_back(row);
        }
      }
      RETURN_IF_ERROR(AppendVersionIds(*segment, g, chosen, &request.rows));
    }
  }
  return db_->Delete(request).status();
}

absl::Status Life::DoAll(const std::vector<LifeStep>& steps, ExpectedRows* expected) {
  for (const LifeStep& step : steps) {
    expected->Begin(step);
    RETURN_IF_ERROR(Do(step));
    expected->Confirm();
  }
  return absl::OkStatus();
}

LifeReading Life::Read(std::optional<Commit> as_of) {
  LifeReading reading;
  for (const auto& table : db_->ListTables()) {
    const auto snapshot = db_->OpenSnapshot(table->name, SnapshotRequest{.as_of = as_of});
    if (!snapshot.ok()) {
      reading.damaged[{table->name, UINT32_MAX}] = snapshot.status();
      continue;
    }
    for (const auto& segment : (*snapshot)->segments) ReadSegment(**snapshot, *segment, &reading);
  }
  return reading;
}

void Life::ReadSegment(const Snapshot& snapshot, const SegmentView& segment, LifeReading* reading) {
  const std::string& table = snapshot.table->name;
  for (size_t g = 0; g < segment.row_group_count(); ++g) {
    const absl::StatusOr<GroupRows> group = ReadGroup(snapshot, segment.row_group(g));
    if (!group.ok()) {
      reading->damaged.emplace(std::pair(table, segment.shard()), group.status());
      continue;
    }
    for (uint32_t row = 0; row < group->keys.row_count(); ++row) {
      if (!GetBit(group->visible.data(), row)) continue;
      if (snapshot.expired_until_ns.has_value() && group->times.values_as<int64_t>()[row] <= *snapshot.expired_until_ns) {
        continue;
      }
      const std::string name = table + "/" + std::string(group->keys.StringAt(row));
      const LifeRow value{.x = group->x.values_as<int64_t>()[row], .y = group->y.values_as<int64_t>()[row]};
      if (!reading->rows.emplace(name, value).second) reading->twice = name;
      reading->shards[name] = segment.shard();
    }
  }
}

absl::StatusOr<LifeRows> Life::Rows(std::optional<Commit> as_of) {
  LifeReading reading = Read(as_of);
  if (!reading.damaged.empty()) return reading.damaged.begin()->second;
  if (!reading.twice.empty()) return absl::InternalError("row twice: " + reading.twice);
  return std::move(reading.rows);
}

std::string Life::CheckFiles() {
  std::string wrong;
  // Full groups that came back from the log are sealed in the background.
  WaitUntil([&] { return (wrong = CompareFiles()).empty(); });
  return wrong;
}

std::string Life::CompareFiles() {
  std::set<uint64_t> ids;
  for (const auto& table : db_->ListTables()) {
    const auto snapshot = db_->OpenSnapshot(table->name, SnapshotRequest());
    if (!snapshot.ok()) return snapshot.status().ToString();
    for (const auto& segment : (*snapshot)->segments) {
      if (segment->id().value() != 0) ids.insert(segment->id().value());
    }
  }
  size_t files = 0;
  for (const char* tier : {"warm", "cold"}) {
    const auto entries = fs_->ListDir(JoinPath(dir_, tier));
    if (!entries.ok()) return entries.status().ToString();
    for (const DirEntry& entry : *entries) {
      if (!entry.name.ends_with(".seg")) return "left over: " + entry.name;
      ++files;
    }
  }
  return files == ids.size() ? "" : std::to_string(files) + " files for " + std::to_string(ids.size()) + " segments";
}

}  // namespace cortex::testing
