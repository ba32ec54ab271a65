#include "storage/meta/meta_key.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/string_view.h"

namespace cortex {
namespace {

constexpr std::string_view kTableIdName = "table";
constexpr std::string_view kSegmentIdName = "segment";

template <typename T>
void AppendBigEndian(T value, std::string* out) {
  for (int shift = 8 * (sizeof(T) - 1); shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

template <typename T>
T BigEndianAt(std::string_view key, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8 | static_cast<uint8_t>(key[offset + i]));
  return value;
}

std::string Named(MetaKeyKind kind, std::string_view name) {
  std::string key(1, static_cast<char>(kind));
  key.append(name);
  return key;
}

std::string OfTable(MetaKeyKind kind, TableId table) {
  std::string key(1, static_cast<char>(kind));
  AppendBigEndian(table.value(), &key);
  return key;
}

std::string OfSegment(MetaKeyKind kind, TableId table, SegmentId segment) {
  std::string key = OfTable(kind, table);
  AppendBigEndian(segment.value(), &key);
  return key;
}

// Length of a key of this kind, 0 if it varies.
size_t KeyLength(MetaKeyKind kind) {
  switch (kind) {
    case MetaKeyKind::kCounter:
    case MetaKeyKind::kNextId:
      return 0;
    case MetaKeyKind::kFormat:
    case MetaKeyKind::kVersion:
      return 1;
    case MetaKeyKind::kTable:
    case MetaKeyKind::kSharding:
      return 1 + 4;
    case MetaKeyKind::kSealPoint:
      return 1 + 4 + 4;
    case MetaKeyKind::kSegment:
    case MetaKeyKind::kEnds:
      return 1 + 4 + 8;
  }
  return SIZE_MAX;  // no such kind
}

}  // namespace

std::string FormatKey() { return Named(MetaKeyKind::kFormat, ""); }
std::string VersionKey() { return Named(MetaKeyKind::kVersion, ""); }
std::string NextTableIdKey() { return Named(MetaKeyKind::kNextId, kTableIdName); }
std::string NextSegmentIdKey() { return Named(MetaKeyKind::kNextId, kSegmentIdName); }
std::string CounterKey(std::string_view name) { return Named(MetaKeyKind::kCounter, name); }
std::string TableKey(TableId table) { return OfTable(MetaKeyKind::kTable, table); }
std::string ShardingKey(TableId table) { return OfTable(MetaKeyKind::kSharding, table); }
std::string SegmentKey(TableId table, SegmentId segment) { return OfSegment(MetaKeyKind::kSegment, table, segment); }
std::string EndsKey(TableId table, SegmentId segment) { return OfSegment(MetaKeyKind::kEnds, table, segment); }

std::string SealPointKey(TableId table, uint32_t shard) {
  std::string key = OfTable(MetaKeyKind::kSealPoint, table);
  AppendBigEndian(shard, &key);
  return key;
}

std::string ColdKey(SegmentId segment, ColdPart part) {
  std::string key;
  AppendBigEndian(segment.value(), &key);
  key.push_back(static_cast<char>(part));
  return key;
}

std::string PlacementKey(TableId table, std::string_view key) {
  std::string out;
  out.reserve(sizeof(uint32_t) + key.size());
  AppendBigEndian(table.value(), &out);
  out.append(key);
  return out;
}

MetaKeyRange PlacementRange(TableId table) {
  return {PlacementKey(table, ""), PlacementKey(TableId(table.value() + 1), "")};
}

std::string CommitTimeKey(CommitTimeKeyKind kind, uint64_t number) {
  std::string out(1, static_cast<char>(kind));
  AppendBigEndian(number, &out);
  return out;
}

std::optional<ParsedCommitTimeKey> ParseCommitTimeKey(std::string_view key) {
  using Kind = CommitTimeKeyKind;
  if (key.size() != 1 + sizeof(uint64_t)) return std::nullopt;
  const auto kind = static_cast<Kind>(key[0]);
  if (kind != Kind::kByCommit && kind != Kind::kByTime && kind != Kind::kRunByCommit && kind != Kind::kRunByTime) {
    return std::nullopt;
  }
  return ParsedCommitTimeKey{.kind = kind, .number = BigEndianAt<uint64_t>(key, 1)};
}

std::string BigEndianBytes(uint64_t value) {
  std::string out;
  AppendBigEndian(value, &out);
  return out;
}

std::optional<uint64_t> ParseBigEndian(std::string_view bytes) {
  if (bytes.size() != sizeof(uint64_t)) return std::nullopt;
  return BigEndianAt<uint64_t>(bytes, 0);
}

std::string ProducerKey(std::string_view producer) {
  std::string out;
  out.reserve(1 + producer.size() + sizeof(uint64_t));
  out.push_back(static_cast<char>(producer.size()));
  out.append(producer);
  return out;
}

std::string SequenceKey(std::string_view producer, uint64_t sequence) {
  std::string out = ProducerKey(producer);
  AppendBigEndian(sequence, &out);
  return out;
}

absl::Status ParseMetaKey(std::string_view key, ParsedMetaKey* parsed) {
  const size_t length = key.empty() ? SIZE_MAX : KeyLength(static_cast<MetaKeyKind>(key[0]));
  if (length != 0 && length != key.size()) {
    return absl::DataLossError(absl::StrFormat("meta store has a key of no known form: \"%s\"",
                                               absl::CHexEscape(AbslView(key.substr(0, 64)))));
  }
  *parsed = {.kind = static_cast<MetaKeyKind>(key[0])};
  if (length == 0) parsed->name = key.substr(1);
  if (length >= 1 + 4) parsed->table = TableId(BigEndianAt<uint32_t>(key, 1));
  if (length == 1 + 4 + 4) parsed->shard = BigEndianAt<uint32_t>(key, 5);
  if (length == 1 + 4 + 8) parsed->segment = SegmentId(BigEndianAt<uint64_t>(key, 5));
  return absl::OkStatus();
}

}  // namespace cortex
