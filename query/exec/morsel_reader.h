// Reads one morsel, vector by vector: selection bitmap, encoded filters, residual condition, late materialisation.
// Internal to the scan; one thread at a time.
#ifndef CORTEX_QUERY_EXEC_MORSEL_READER_H_
#define CORTEX_QUERY_EXEC_MORSEL_READER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/scan.h"

namespace cortex::query {

class MorselReader {
 public:
  MorselReader(const ScanPlan& plan, VersionWindow window, const QueryContext& context, const ScanOptions& options,
               const Morsel& morsel, TierScan* statistics);

  // Calls `emit` with every vector that has rows left.
  absl::Status Read(const std::function<absl::Status(ScanBatch&)>& emit);

 private:
  absl::Status ReadVector(uint32_t first, uint32_t count, const std::function<absl::Status(ScanBatch&)>& emit);
  // Drops all but the first `count` rows of the selection.
  void KeepFirst(uint64_t count);
  void SelectCandidates(uint32_t first, uint32_t count);
  absl::Status ApplyPredicate(const PushedPredicate& pushed, uint32_t first, uint32_t count);
  // The columns of `wanted` for the rows selected now, into `batch`.
  absl::Status Load(const std::vector<uint32_t>& wanted, uint32_t first, uint32_t count, RowBatch* batch);
  absl::StatusOr<BatchColumn> LoadColumn(const ScanColumn& column, uint32_t first, uint32_t count);
  absl::StatusOr<BatchColumn> LoadDense(const ColumnChunk& chunk, const DataType& type, uint32_t first, uint32_t count);
  absl::StatusOr<BatchColumn> LoadCodes(const ColumnChunk& chunk, const DataType& type, uint32_t first, uint32_t count);
  // Rows of a chunk whose blocks are far larger than a vector: decoded once for the whole morsel.
  absl::StatusOr<BatchColumn> LoadFromBlocks(const ColumnChunk& chunk, const ScanColumn& column, uint32_t first,
                                             uint32_t count);
  absl::Status FilterBlocks(const ColumnChunk& chunk, const PushedPredicate& pushed, uint32_t first, uint32_t count);
  // RowGroupView::Commits or Ends.
  using ReadHidden = absl::Status (RowGroupView::*)(uint32_t first, uint32_t count, Commit* out) const;
  // The same of a vector's rows, kept in `kept`: all of the morsel at once, for blocks are larger than a vector, unless rows
  // are looked up singly.
  absl::StatusOr<const Commit*> Hidden(ReadHidden read, uint32_t first, uint32_t count, std::vector<Commit>* kept) const;
  absl::StatusOr<BatchColumn> LoadCommits(uint32_t first, uint32_t count);
  absl::StatusOr<BatchColumn> LoadEnds(uint32_t first, uint32_t count);

  const ScanPlan& plan_;
  const VersionWindow window_;
  const QueryContext& context_;
  const bool with_ordinals_;
  uint64_t rows_wanted_;
  const Morsel& morsel_;
  TierScan* const statistics_;
  std::vector<uint32_t> residual_columns_, other_columns_;
  size_t next_candidate_ = 0;
  std::map<uint32_t, std::shared_ptr<const Column>> decoded_;         // by table ordinal: all rows of the morsel
  std::map<const PushedPredicate*, std::vector<uint64_t>> filtered_;  // bit i = row morsel_.first + i
  std::vector<Commit> commits_, ends_;                                // of Hidden

  // Of the vector being read.
  std::array<uint64_t, kVectorRows / 64> selection_{};
  std::vector<uint32_t> rows_;  // selected rows of the group, ascending
  bool dense_ = false;          // all of the vector's rows
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_MORSEL_READER_H_
