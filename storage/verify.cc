#include "storage/verify.h"

#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/barrier_task.h"
#include "storage/commit_log.h"
#include "storage/io/file_system.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/segment/segment_verify.h"
#include "storage/table/manifest_segment.h"
#include "storage/table/table.h"
#include "storage/table_registry.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/pacer.h"
#include "storage/wal/wal_walk.h"

namespace cortex {
namespace {

// Segments that were moved meanwhile are looked for again; what is written during the last round was just verified.
constexpr int kMaxRounds = 4;

class Verification {
 public:
  Verification(const VerifyInput& input, const VerifyObserver& observer)
      : input_(input), observer_(observer), pacer_(input.options->clock, input.options->tiering_bytes_per_second) {}

  absl::StatusOr<VerifyProgress> Run(const VerifyRequest& request) {
    std::vector<std::shared_ptr<Table>> tables;
    if (request.table.empty()) {
      tables = input_.registry->List();
    } else {
      ASSIGN_OR_RETURN(std::shared_ptr<Table> table, input_.registry->Find(request.table));
      tables.push_back(std::move(table));
    }
    CountWork(tables, /*whole=*/request.table.empty());
    if (request.table.empty()) {
      RETURN_IF_ERROR(CheckMeta());
      RETURN_IF_ERROR(CheckWal());
    }
    for (const auto& table : tables) RETURN_IF_ERROR(CheckTable(*table));
    progress_.files_total = progress_.files_done;
    progress_.bytes_total = progress_.bytes_done;
    return progress_;
  }

 private:
  void CountWork(const std::vector<std::shared_ptr<Table>>& tables, bool whole) {
    for (const auto& table : tables) {
      const auto list = table->segments();
      for (const auto& shard : list->shards) {
        for (const LiveSegment& segment : shard) {
          if (segment.file == nullptr) continue;
          ++progress_.files_total;
          progress_.bytes_total += segment.file->record().file_bytes;
        }
      }
    }
    if (whole) progress_.bytes_total += input_.log->wal_bytes() + input_.meta->Stats().disk_bytes;
  }

  absl::Status Visit(const absl::Status& checked, uint64_t bytes) {
    if (!checked.ok()) {
      ++progress_.damages;
      RETURN_IF_ERROR(observer_(progress_, checked));
    }
    return pacer_.SpendInPieces(bytes, [this](uint64_t piece) {
      progress_.bytes_done += piece;
      return observer_(progress_, absl::OkStatus());
    });
  }

  // An error that is no damage (too many open files, say) is a finding too: nobody knows what the file holds.
  absl::Status VisitFile(const std::string& name, const absl::Status& checked) {
    ++progress_.files_done;
    if (checked.ok()) return Visit(checked, 0);
    const absl::StatusCode code = absl::IsNotFound(checked) ? absl::StatusCode::kDataLoss : checked.code();
    return Visit(absl::Status(code, absl::StrFormat("file %s cannot be read: %s", name, std::string(checked.message()))),
                 0);
  }

  absl::Status CheckMeta() {
    absl::Status ended;
    const absl::Status status = input_.meta->Verify([&](const absl::Status& checked, uint64_t bytes) {
      ++progress_.files_done;
      ended = Visit(checked, bytes);
      return ended;
    });
    RETURN_IF_ERROR(ended);
    return status.ok() ? status : VisitFile("meta", status);
  }

  absl::Status CheckWal() {
    const TrimHold hold(input_.log);
    // The position first: files listed afterwards hold everything below it.
    const WalWalkOptions options{.dir = JoinPath(input_.options->data_dir, "wal"),
                                 .server_id = input_.server_id,
                                 .through = input_.log->synced_position()};
    absl::Status ended;
    const absl::StatusOr<std::vector<WalExtent>> walked =
        WalkWal(input_.options->file_system, options, [&](const absl::Status& checked, uint64_t bytes) {
          ended = Visit(checked, bytes);
          return ended;
        });
    RETURN_IF_ERROR(ended);
    if (!walked.ok()) return VisitFile("wal", walked.status());
    progress_.files_done += walked->size();
    return absl::OkStatus();
  }

  absl::Status CheckTable(const Table& table) {
    std::set<SegmentId> seen;
    for (int round = 0; round < kMaxRounds; ++round) {
      // Only ids: holding the list would keep every file that is retired meanwhile on disk.
      std::vector<std::pair<uint32_t, SegmentId>> due;
      {
        const auto list = table.segments();
        for (uint32_t shard = 0; shard < kShardCount; ++shard) {
          for (const LiveSegment& segment : list->shards[shard]) {
            if (segment.file != nullptr && seen.insert(segment.id()).second) due.emplace_back(shard, segment.id());
          }
        }
      }
      if (due.empty()) break;
      for (const auto& [shard, id] : due) {
        if (table.dropped()) return absl::OkStatus();
        if (const std::shared_ptr<const SealedFile> file = Find(table, shard, id)) {
          RETURN_IF_ERROR(CheckSegment(table, file->record()));
        }
      }
    }
    return absl::OkStatus();
  }

  static std::shared_ptr<const SealedFile> Find(const Table& table, uint32_t shard, SegmentId id) {
    const auto list = table.segments();
    for (const LiveSegment& segment : list->shards[shard]) {
      if (segment.file != nullptr && segment.id() == id) return segment.file;
    }
    return nullptr;
  }

  // A dropped table goes on listing its segments, whose cold index the manifest has forgotten.
  static bool IsGone(const Table& table, const SegmentRecord& record) {
    return table.dropped() || Find(table, record.shard, record.id) == nullptr;
  }

  absl::Status CheckSegment(const Table& table, const SegmentRecord& record) {
    FileTier* const tier = record.tier == Tier::kCold ? input_.cold : input_.warm;
    SegmentVerifyOptions options{.info = SegmentInfoOf(record), .table = table.definition()};
    if (record.tier == Tier::kCold) {
      const absl::Status index = LoadColdIndex(record, &options);
      if (!index.ok() && !(absl::IsNotFound(index) && IsGone(table, record))) RETURN_IF_ERROR(VisitFile(record.file_name, index));
    }
    const auto bytes = tier->OpenBytes(record.file_name);
    if (!bytes.ok()) return VisitFile(record.file_name, bytes.status());
    RETURN_IF_ERROR(VerifySegment(**bytes, options, [this](const absl::Status& checked, uint64_t read) {
      return Visit(checked, read);
    }));
    ++progress_.files_done;
    return Visit(absl::OkStatus(), 0);
  }

  absl::Status LoadColdIndex(const SegmentRecord& record, SegmentVerifyOptions* options) const {
    ASSIGN_OR_RETURN(options->info.footer, input_.meta->ReadFooter(record.id));
    ASSIGN_OR_RETURN(options->info.key_filter, input_.meta->ReadKeyFilter(record.id));
    ASSIGN_OR_RETURN(options->info.fences, input_.meta->ReadFences(record.id));
    options->compare_index = true;
    return absl::OkStatus();
  }

  const VerifyInput& input_;
  const VerifyObserver& observer_;
  Pacer pacer_;
  VerifyProgress progress_;
};

}  // namespace

absl::StatusOr<VerifyProgress> VerifyDatabase(const VerifyInput& input, const VerifyRequest& request,
                                              const VerifyObserver& observer) {
  return Verification(input, observer).Run(request);
}

}  // namespace cortex
