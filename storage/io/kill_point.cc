#include "storage/io/kill_point.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "storage/runtime/mutex.h"

namespace cortex {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({
    // opening what the last process left
    "recovery-manifest",    // read; nothing opened
    "recovery-sweep",       // an orphan is about to be removed
    "recovery-segments",    // opened; the log not read
    "recovery-replay",      // one record applied
    "recovery-log-ready",   // the log cut and synced; nothing served
    // the log
    "wal-append",           // a group is about to be written
    "wal-appended",         // written, not synced
    "wal-synced",           // durable, not applied, not acknowledged
    "wal-applied",          // applied, not visible
    "apply-ends",           // one version of a delete is about to end
    "wal-visible",          // visible, not acknowledged
    "wal-marker",           // the marker written, not synced
    "wal-rotate",           // the old file synced, the new one not there
    "wal-rotate-written",   // the new file under its temporary name, synced
    "wal-rotate-named",     // named durably; the old file not cut
    "wal-rotate-cut",       // the old file cut; nothing in the new one
    "wal-trim",             // the oldest file is about to go
    "wal-trim-removed",     // gone, its directory not synced
    // a file of a segment
    "segment-create",       // before the temporary file
    "segment-row-group",    // one row group handed to the file
    "segment-written",      // all bytes written, not synced
    "segment-synced",       // synced under its temporary name
    "file-renamed",         // named (segment or log file), the directory not synced
    "segment-durable",      // durable; nobody knows it
    // a seal
    "seal-start",           // the group is closed and in memory
    "seal-collected",       // the ends of other segments are in the edit, those of its own rows are not
    "seal-written",         // its file is durable, not committed
    "seal-committed",       // committed, not published
    "seal-published",       // published; the log not trimmed
    // a batch straight into files
    "ingest-file-written",
    "ingest-file-committed",
    "ingest-file-published",
    "producer-applied",     // the batch is in the log and in memory, its sequence in the log only
    "producer-recorded",    // the sequence in the meta store too, not acknowledged
    // the meta store
    "meta-commit",          // the edit is complete, nothing written
    "meta-written",         // in the store, synced; the witness is behind
    "meta-witnessed",       // both
    "meta-ids",             // a block of segment ids is about to be reserved
    "table-created",        // committed, not registered
    "table-dropped",        // committed, still served
    "table-altered",        // committed, the old schema still served
    "table-pinned",         // committed, policies not aware of it
    // moves
    "rewrite-read",         // the sources are in memory
    "rewrite-written",      // to warm: the new files are durable
    "rewrite-committed",
    "rewrite-published",
    "archive-written",      // to cold: the same three
    "archive-committed",
    "archive-published",
    "evict",                // a memory copy is about to be dropped
    "load",                 // a memory copy is complete, not published
    "reclaim",              // expired segments are about to leave the manifest
    "reclaim-committed",    // out of the manifest, still served
    "reclaim-published",    // not served any more, their files still there
    "retire",               // a file nobody reads is about to be removed
    // a backup
    "backup-started",       // its directory is there
    "backup-checkpoint",    // with the meta store as of one commit
    "backup-file",          // one file more is linked or copied
    "backup-files",         // all of them, durable; no BACKUP yet
    "backup-complete",
    // a restore
    "restore-started",      // the directory is marked
    "restore-file",         // one file more is copied
    "restore-copied",       // all of them, durable; still marked
});

// The hook of a test, and how many threads are in it. Threads of a database come by kill points whenever they like (an
// idle log is marked), also while a test sets the hook or takes it back.
struct Hook {
  Mutex mutex;  // guards what follows; not held while the hook runs
  CondVar left;
  std::shared_ptr<const std::function<void(std::string_view)>> function ABSL_GUARDED_BY(mutex);
  int inside ABSL_GUARDED_BY(mutex) = 0;
};

Hook& TheHook() {
  static Hook* const hook = new Hook;  // threads may outlive main
  return *hook;
}

// False: there is none.
bool CallHook(std::string_view name) {
  Hook& hook = TheHook();
  std::shared_ptr<const std::function<void(std::string_view)>> function;
  {
    MutexLock lock(&hook.mutex);
    function = hook.function;
    if (function == nullptr) return false;
    ++hook.inside;
  }
  (*function)(name);
  MutexLock lock(&hook.mutex);
  --hook.inside;
  hook.left.NotifyAll();
  return true;
}

[[noreturn]] void Refuse(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", kKillPointVariable, std::string(status.message()).c_str());
  std::abort();
}

}  // namespace

namespace internal {

std::atomic<bool> kill_points_off{false};

void HitKillPoint(std::string_view name) {
  if (CallHook(name)) return;
  static std::atomic<uint64_t> hits{0};
  // Read anew each time: who sets the variable pays, nobody else.
  const char* const value = std::getenv(kKillPointVariable);
  if (value == nullptr || *value == '\0') return kill_points_off.store(true, std::memory_order_relaxed);
  const absl::StatusOr<KillOrder> order = ParseKillOrder(value);
  if (!order.ok()) Refuse(order.status());
  if (order->name != name || hits.fetch_add(1, std::memory_order_relaxed) + 1 != order->hit) return;
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();  // this thread must not take another step
}

}  // namespace internal

void SetKillPointHook(std::function<void(std::string_view)> function) {
  Hook& hook = TheHook();
  MutexLock lock(&hook.mutex);
  hook.function = function == nullptr ? nullptr : std::make_shared<const std::function<void(std::string_view)>>(std::move(function));
  internal::kill_points_off.store(false, std::memory_order_relaxed);
  while (hook.inside > 0) hook.left.Wait(&hook.mutex);
}

absl::Span<const std::string_view> KillPointNames() { return kNames; }

absl::StatusOr<KillOrder> ParseKillOrder(std::string_view text) {
  const size_t colon = text.find(':');
  const auto name = std::find(kNames.begin(), kNames.end(), text.substr(0, colon));
  if (name == kNames.end()) {
    return absl::InvalidArgumentError(absl::StrFormat("unknown kill point \"%s\"", text.substr(0, colon)));
  }
  KillOrder order{.name = *name};
  if (colon == std::string_view::npos) return order;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), order.hit);
  if (error != std::errc() || end != digits.data() + digits.size() || order.hit == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("kill point \"%s\": hit \"%s\" is no number from 1", *name, digits));
  }
  return order;
}

}  // namespace cortex
