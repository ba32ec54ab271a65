// The rows of the crash audit: every value is a pure function of (seed, batch, row), so a wrong one is seen at once.
#ifndef CORTEX_TOOLS_CRASH_AUDIT_AUDIT_ROWS_H_
#define CORTEX_TOOLS_CRASH_AUDIT_AUDIT_ROWS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/wire_type.h"

namespace cortex::audit {

namespace v1 = ::cortex::datastore::v1;

inline constexpr uint32_t kRowsPerBatch = 50;
inline constexpr uint32_t kEntitiesPerWriter = 400;
inline constexpr uint32_t kVectorLength = 128;
inline constexpr char kEventsTable[] = "audit_events";
inline constexpr char kEntitiesTable[] = "audit_entities";

// Which table a batch goes to. A batch number is unique over both tables and rises with time.
enum class Target { kEvents, kEntities };

struct AuditRow {
  std::string key;
  int64_t time_ns = 0;
  int64_t batch_id = 0;
  int32_t row_number = 0;
  std::optional<std::string> note;
  std::optional<std::array<float, kVectorLength>> state;
  int64_t digest = 0;  // hash of everything above

  bool operator==(const AuditRow&) const = default;
};

// `writer` owns its keys alone, so the versions of one entity come in batch order.
AuditRow MakeRow(uint64_t seed, Target target, uint32_t writer, int64_t batch_id, uint32_t row);

// kRowsPerBatch rows as a wire batch.
v1::ColumnBatch MakeBatch(uint64_t seed, Target target, uint32_t writer, int64_t batch_id);

// What the audit selects, in this order.
inline constexpr char kAuditColumns[] = "key, time, batch_id, row_number, note, state, digest";

// Definition of one of the tables, with a policy that moves rows within seconds.
v1::TableDefinition AuditTable(Target target);

}  // namespace cortex::audit

#endif  // CORTEX_TOOLS_CRASH_AUDIT_AUDIT_ROWS_H_
