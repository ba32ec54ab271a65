// Keys of the meta store: one letter for the sort, then ids as big-endian numbers, so that a scan meets everything of a
// table together and in order. FORMAT.md lists them.
#ifndef CORTEX_STORAGE_META_META_KEY_H_
#define CORTEX_STORAGE_META_META_KEY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// First byte of a key in the manifest column family.
enum class MetaKeyKind : char {
  kCounter = 'C',
  kEnds = 'E',
  kFormat = 'F',
  kSharding = 'H',
  kNextId = 'N',
  kSealPoint = 'P',
  kSegment = 'S',
  kTable = 'T',
  kVersion = 'V',
};

std::string FormatKey();
std::string VersionKey();
std::string NextTableIdKey();
std::string NextSegmentIdKey();
std::string CounterKey(std::string_view name);
std::string TableKey(TableId table);
std::string SegmentKey(TableId table, SegmentId segment);
std::string EndsKey(TableId table, SegmentId segment);
std::string SealPointKey(TableId table, uint32_t shard);
std::string ShardingKey(TableId table);

// Parts of the cold index, in a column family of their own. The segment comes first, so that its parts lie together.
enum class ColdPart : char { kFooter = 'f', kKeyFilter = 'k', kFences = 'n' };
std::string ColdKey(SegmentId segment, ColdPart part);
inline constexpr ColdPart kColdParts[] = {ColdPart::kFooter, ColdPart::kKeyFilter, ColdPart::kFences};

// Shard directory, in a column family of its own.
std::string PlacementKey(TableId table, std::string_view key);
// All placements of a table have keys in [begin, end).
struct MetaKeyRange {
  std::string begin, end;
};
MetaKeyRange PlacementRange(TableId table);

// Commit times, in a column family of their own: a letter and a commit or a time.
enum class CommitTimeKeyKind : char { kByCommit = 'c', kRunByCommit = 'q', kRunByTime = 'r', kByTime = 't' };
std::string CommitTimeKey(CommitTimeKeyKind kind, uint64_t number);
struct ParsedCommitTimeKey {
  CommitTimeKeyKind kind = CommitTimeKeyKind::kByTime;
  uint64_t number = 0;
};
std::optional<ParsedCommitTimeKey> ParseCommitTimeKey(std::string_view key);
// A number as the value of a key, and back; nullopt: not 8 bytes.
std::string BigEndianBytes(uint64_t value);
std::optional<uint64_t> ParseBigEndian(std::string_view bytes);

// Producers, in a column family of their own: the head of each, then its sequences in order. A producer has at most
// 255 bytes, and its length comes first, so that no producer's keys lie among another's.
std::string ProducerKey(std::string_view producer);
std::string SequenceKey(std::string_view producer, uint64_t sequence);

// A key of the manifest column family, taken apart. Which fields mean something depends on `kind`.
struct ParsedMetaKey {
  MetaKeyKind kind = MetaKeyKind::kFormat;
  TableId table;
  SegmentId segment;
  uint32_t shard = 0;
  std::string_view name;  // counters and ids; borrows the key
};
// Errors: DATA_LOSS for an unknown kind or a wrong length.
absl::Status ParseMetaKey(std::string_view key, ParsedMetaKey* parsed);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_META_KEY_H_
