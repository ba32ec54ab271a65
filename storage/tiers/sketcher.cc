#include "storage/tiers/sketcher.h"

#include <pthread.h>
#include <sys/resource.h>

#include <utility>

#include "storage/runtime/memory_budget.h"
#include "storage/table/hot_segment_view.h"

namespace cortex {
namespace {

// Whoever writes or reads goes first where they compete for a core; a block more or less soon changes no answer.
constexpr int kNice = 10;

}  // namespace

Sketcher::Sketcher(SketcherOptions options) : options_(std::move(options)) {
  if (options_.interval_ns == 0) return;
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "sketcher");
}

Sketcher::~Sketcher() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Sketcher::Stop() {
  MutexLock lock(&mutex_);
  stopping_ = true;
  stop_.NotifyAll();
}

void Sketcher::Run() {
  setpriority(PRIO_PROCESS, 0, kNice);  // of this thread, on Linux
  for (;;) {
    SketchAll();
    MutexLock lock(&mutex_);
    if (!stopping_) stop_.WaitFor(&mutex_, options_.interval_ns);
    if (stopping_) return;
  }
}

void Sketcher::SketchAll() {
  MutexLock lock(&work_mutex_);
  for (const Job& job : FindJobs()) {
    if (stopping_) return;
    if (LeftToFile(job)) continue;
    while (SketchBlock(job)) {
    }
  }
}

// Lists of segments are let go before work begins: they would keep alive what is evicted meanwhile.
std::vector<Sketcher::Job> Sketcher::FindJobs() const {
  std::vector<Job> jobs;
  const auto add = [&](const LiveSegment& segment) {
    const RowGroup& group = *segment.group;
    const uint32_t rows = group.published_rows();
    for (size_t column = 0; column < group.table()->columns.size(); ++column) {
      for (const SketchKind kind : kHotSketchKinds) {
        const HotSketch* const sketch = group.column(column).own_sketch(kind);
        if (sketch == nullptr || sketch->MissingBlocks(rows) == 0) continue;
        jobs.push_back({.group = segment.group, .file = segment.file, .column = column, .kind = kind});
      }
    }
  };
  for (const std::shared_ptr<Table>& table : options_.list_tables()) {
    const std::shared_ptr<const SegmentList> list = table->segments();
    for (const auto& shard : list->shards) {
      for (const LiveSegment& segment : shard) {
        if (segment.group != nullptr) add(segment);
      }
    }
  }
  return jobs;
}

// A file that cannot be read has none for rows in memory; who reads or verifies it says what is wrong with it.
bool Sketcher::LeftToFile(const Job& job) const {
  const std::shared_ptr<const RowGroup> group = job.group.lock();
  const std::shared_ptr<const SealedFile> file = job.file.lock();
  if (group == nullptr || file == nullptr) return false;
  const HotRowGroupView view(group, file->reader());
  const auto sketched = view.sketched_column(group->table()->columns[job.column].id, job.kind);
  if (!sketched.ok() || *sketched == &group->column(job.column)) return false;
  group->column(job.column).own_sketch(job.kind)->LeaveToFile();
  return true;
}

// The group is held for a block, so that its memory is free soon after it is evicted.
bool Sketcher::SketchBlock(const Job& job) {
  const std::shared_ptr<RowGroup> group = job.group.lock();
  if (group == nullptr || stopping_) return false;
  const HotColumn& column = group->column(job.column);
  HotSketch* const sketch = column.own_sketch(job.kind);
  if (sketch->MissingBlocks(group->published_rows()) == 0) return false;
  if (options_.budget->used() + sketch->block_bytes() > options_.memory_limit()) return false;
  return sketch->MakeBlock(column).ok();
}

}  // namespace cortex
