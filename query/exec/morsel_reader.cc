#include "query/exec/morsel_reader.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/expr/evaluator.h"
#include "storage/column/column_default.h"

namespace cortex::query {
namespace {

// Validity words of a view; the view itself lives in the chunk.
struct ValidityOwner {
  std::vector<uint64_t> words;
};
struct CodesOwner {
  std::vector<uint32_t> codes;
  std::vector<uint64_t> validity;
};

// Of a column that came after the group.
BatchColumn AllDefault(const ColumnDefinition& definition, uint32_t rows) {
  Column column(definition.type);
  AppendDefaults(definition, rows, &column);
  return BatchColumn::Of(std::move(column));
}

// Encodings that decode more than a batch to give one row.
bool HasLargeBlocks(const ColumnChunk& chunk) { return chunk.block_rows() > kVectorRows; }

uint64_t BytesOf(const BatchColumn& column) {
  return column.codes != nullptr ? uint64_t{column.row_count} * sizeof(uint32_t) : column.values.byte_size();
}

}  // namespace

MorselReader::MorselReader(const ScanPlan& plan, VersionWindow window, const QueryContext& context, const ScanOptions& options,
                           const Morsel& morsel, TierScan* statistics)
    : plan_(plan),
      window_(window),
      context_(context),
      with_ordinals_(options.with_ordinals),
      rows_wanted_(options.rows_per_morsel),
      morsel_(morsel),
      statistics_(statistics) {
  std::vector<bool> in_residual(plan.columns.size(), false);
  if (plan.residual) ForEachColumn(*plan.residual, [&](uint32_t column) { in_residual[column] = true; });
  for (uint32_t i = 0; i < plan.columns.size(); ++i) (in_residual[i] ? residual_columns_ : other_columns_).push_back(i);
}

absl::Status MorselReader::Read(const std::function<absl::Status(ScanBatch&)>& emit) {
  const uint32_t end = morsel_.first + morsel_.count;
  for (uint32_t first = morsel_.first; first < end && rows_wanted_ > 0; first += kVectorRows) {
    RETURN_IF_ERROR(context_.CheckStop());
    RETURN_IF_ERROR(ReadVector(first, std::min(kVectorRows, end - first), emit));
  }
  return absl::OkStatus();
}

absl::Status MorselReader::ReadVector(uint32_t first, uint32_t count,
                                      const std::function<absl::Status(ScanBatch&)>& emit) {
  SelectCandidates(first, count);
  if (CountOnes(selection_.data(), count) == 0) return absl::OkStatus();
  statistics_->rows_scanned += count;
  if (!morsel_.all_visible) RETURN_IF_ERROR(morsel_.group->SelectVisible(window_, first, count, selection_.data()));
  for (const PushedPredicate* pushed : morsel_.predicates) {
    if (CountOnes(selection_.data(), count) == 0) return absl::OkStatus();
    RETURN_IF_ERROR(ApplyPredicate(*pushed, first, count));
  }
  if (!plan_.residual) KeepFirst(rows_wanted_);
  const auto selected = static_cast<uint32_t>(CountOnes(selection_.data(), count));
  if (selected == 0) return absl::OkStatus();
  dense_ = selected == count;
  rows_.clear();
  for (uint32_t word = 0; word < WordsForBits(count) && (!dense_ || with_ordinals_); ++word) {
    for (uint64_t bits = selection_[word]; bits != 0; bits &= bits - 1) {
      rows_.push_back(first + word * 64 + static_cast<uint32_t>(std::countr_zero(bits)));
    }
  }

  ScanBatch out;
  out.rows.row_count = selected;
  out.rows.columns.resize(plan_.columns.size());
  if (plan_.residual) {
    RETURN_IF_ERROR(Load(residual_columns_, first, count, &out.rows));
    std::vector<uint32_t> kept;
    RETURN_IF_ERROR(SelectTrue(*plan_.residual, out.rows, &kept));
    if (kept.empty()) return absl::OkStatus();
    kept.resize(std::min<uint64_t>(kept.size(), rows_wanted_));
    if (kept.size() < selected) {
      for (const uint32_t column : residual_columns_) out.rows.columns[column] = out.rows.columns[column].Select(kept);
      std::vector<uint32_t> rows;
      for (const uint32_t i : kept) rows.push_back(dense_ && !with_ordinals_ ? first + i : rows_[i]);
      rows_ = std::move(rows);
      dense_ = false;
      selection_.fill(0);
      for (const uint32_t row : rows_) SetBit(selection_.data(), row - first);
      out.rows.row_count = static_cast<uint32_t>(kept.size());
    }
  }
  RETURN_IF_ERROR(Load(other_columns_, first, count, &out.rows));
  statistics_->rows_selected += out.rows.row_count;
  rows_wanted_ -= out.rows.row_count;
  for (uint32_t i = 0; with_ordinals_ && i < out.rows.row_count; ++i) {
    out.ordinals.push_back(morsel_.group_ordinal + rows_[i]);
  }
  if (with_ordinals_) {
    out.morsel = &morsel_;
    out.group_rows = rows_;
  }
  return emit(out);
}

void MorselReader::KeepFirst(uint64_t count) {
  if (count >= kVectorRows) return;
  for (uint64_t& word : selection_) {
    uint64_t kept = 0;
    for (; count > 0 && word != 0; --count, word &= word - 1) kept |= word & -word;
    word = kept;
  }
}

void MorselReader::SelectCandidates(uint32_t first, uint32_t count) {
  if (morsel_.candidates.empty()) {
    FillOnes(selection_.data(), count);
    return;
  }
  selection_.fill(0);
  while (next_candidate_ < morsel_.candidates.size() && morsel_.candidates[next_candidate_] < first + count) {
    SetBit(selection_.data(), morsel_.candidates[next_candidate_++] - first);
  }
}

absl::Status MorselReader::ApplyPredicate(const PushedPredicate& pushed, uint32_t first, uint32_t count) {
  const ColumnPredicate& predicate = pushed.predicate;
  ASSIGN_OR_RETURN(const ColumnChunk* chunk, morsel_.group->column(predicate.column));
  const bool wants_null = predicate.kind == ColumnPredicate::Kind::kIsNull;
  if (chunk == nullptr) {
    if (!DefaultMatches(plan_.table->columns[pushed.ordinal], predicate)) selection_.fill(0);
    return absl::OkStatus();
  }
  if (predicate.kind == ColumnPredicate::Kind::kValues) {
    const bool in_blocks = morsel_.candidates.empty() && HasLargeBlocks(*chunk);
    return in_blocks ? FilterBlocks(*chunk, pushed, first, count)
                     : chunk->Filter(predicate, first, count, selection_.data());
  }
  std::array<uint64_t, kVectorRows / 64> validity;
  validity.fill(~uint64_t{0});
  if (chunk->has_nulls()) RETURN_IF_ERROR(chunk->Validity(first, count, validity.data()));
  for (size_t word = 0; word < WordsForBits(count); ++word)
    selection_[word] &= wants_null ? ~validity[word] : validity[word];
  return absl::OkStatus();
}

absl::Status MorselReader::Load(const std::vector<uint32_t>& wanted, uint32_t first, uint32_t count, RowBatch* batch) {
  for (const uint32_t column : wanted) {
    ASSIGN_OR_RETURN(batch->columns[column], LoadColumn(plan_.columns[column], first, count));
    statistics_->bytes_decoded += BytesOf(batch->columns[column]);
  }
  return absl::OkStatus();
}

absl::StatusOr<BatchColumn> MorselReader::LoadColumn(const ScanColumn& column, uint32_t first, uint32_t count) {
  if (column.ordinal == ScanColumn::kCommit) return LoadCommits(first, count);
  if (column.ordinal == ScanColumn::kEnd) return LoadEnds(first, count);
  ASSIGN_OR_RETURN(const ColumnChunk* chunk, morsel_.group->column(plan_.table->columns[column.ordinal].id));
  if (chunk == nullptr) {
    return AllDefault(plan_.table->columns[column.ordinal], dense_ ? count : static_cast<uint32_t>(rows_.size()));
  }
  if (column.type.kind == TypeKind::kString && chunk->dictionary() != nullptr)
    return LoadCodes(*chunk, column.type, first, count);
  if (morsel_.candidates.empty() && HasLargeBlocks(*chunk))
    return LoadFromBlocks(*chunk, column, first, count);
  if (dense_) return LoadDense(*chunk, column.type, first, count);
  Column out(column.type);
  RETURN_IF_ERROR(chunk->Gather(rows_, &out));
  return BatchColumn::Of(std::move(out));
}

absl::StatusOr<BatchColumn> MorselReader::LoadDense(const ColumnChunk& chunk, const DataType& type, uint32_t first,
                                                    uint32_t count) {
  if (!type.is_string() && !type.is_list()) {
    ASSIGN_OR_RETURN(const std::optional<ValueSpan> view, chunk.TryView(first, count));
    if (view) {
      BatchColumn out;
      out.type = type;
      out.row_count = count;
      out.values = *view;
      if (chunk.has_nulls()) {
        auto owner = std::make_shared<ValidityOwner>();
        owner->words.resize(WordsForBits(count));
        RETURN_IF_ERROR(chunk.Validity(first, count, owner->words.data()));
        out.validity = owner->words.data();
        out.owner = std::move(owner);
      }
      return out;
    }
  }
  Column out(type);
  RETURN_IF_ERROR(chunk.Decode(first, count, &out));
  return BatchColumn::Of(std::move(out));
}

absl::Status MorselReader::FilterBlocks(const ColumnChunk& chunk, const PushedPredicate& pushed, uint32_t first,
                                        uint32_t count) {
  std::vector<uint64_t>& words = filtered_[&pushed];
  if (words.empty()) {
    words.resize(WordsForBits(morsel_.count));
    FillOnes(words.data(), morsel_.count);
    RETURN_IF_ERROR(chunk.Filter(pushed.predicate, morsel_.first, morsel_.count, words.data()));
  }
  const size_t first_word = (first - morsel_.first) / 64;
  for (size_t word = 0; word < WordsForBits(count); ++word) selection_[word] &= words[first_word + word];
  return absl::OkStatus();
}

absl::StatusOr<BatchColumn> MorselReader::LoadFromBlocks(const ColumnChunk& chunk, const ScanColumn& column,
                                                         uint32_t first, uint32_t count) {
  std::shared_ptr<const Column>& decoded = decoded_[column.ordinal];
  if (decoded == nullptr) {
    auto all = std::make_shared<Column>(column.type);
    RETURN_IF_ERROR(chunk.Decode(morsel_.first, morsel_.count, all.get()));
    decoded = std::move(all);
  }
  BatchColumn view = BatchColumn::Of(decoded);
  if (dense_ && !column.type.is_list()) {
    const uint32_t skip = first - morsel_.first;
    view.values = view.values.Slice(skip, count);
    view.row_count = count;
    if (view.validity != nullptr) view.validity += skip / 64;
    if (view.codes != nullptr) view.codes += skip;
    return view;
  }
  std::vector<uint32_t> relative;
  relative.reserve(count);
  for (uint32_t i = 0; dense_ && i < count; ++i) relative.push_back(first + i - morsel_.first);
  for (size_t i = 0; !dense_ && i < rows_.size(); ++i) relative.push_back(rows_[i] - morsel_.first);
  return view.Select(relative);
}

absl::StatusOr<BatchColumn> MorselReader::LoadCodes(const ColumnChunk& chunk, const DataType& type, uint32_t first,
                                                    uint32_t count) {
  auto owner = std::make_shared<CodesOwner>();
  owner->codes.resize(count);
  RETURN_IF_ERROR(chunk.DecodeCodes(first, count, owner->codes.data()));
  BatchColumn all;
  all.type = type;
  all.row_count = count;
  all.dictionary = chunk.dictionary();
  if (chunk.has_nulls()) {
    owner->validity.resize(WordsForBits(count));
    RETURN_IF_ERROR(chunk.Validity(first, count, owner->validity.data()));
    all.validity = owner->validity.data();
  }
  all.codes = owner->codes.data();
  all.owner = std::move(owner);
  if (dense_) return all;
  std::vector<uint32_t> relative;
  relative.reserve(rows_.size());
  for (const uint32_t row : rows_) relative.push_back(row - first);
  return all.Select(relative);
}

absl::StatusOr<const Commit*> MorselReader::Hidden(ReadHidden read, uint32_t first, uint32_t count,
                                                   std::vector<Commit>* kept) const {
  if (!morsel_.candidates.empty()) {
    kept->resize(kVectorRows);
    RETURN_IF_ERROR((morsel_.group->*read)(first, count, kept->data()));
    return kept->data();
  }
  if (kept->empty()) {
    kept->resize(morsel_.count);
    RETURN_IF_ERROR((morsel_.group->*read)(morsel_.first, morsel_.count, kept->data()));
  }
  return kept->data() + (first - morsel_.first);
}

absl::StatusOr<BatchColumn> MorselReader::LoadCommits(uint32_t first, uint32_t count) {
  ASSIGN_OR_RETURN(const Commit* const commits, Hidden(&RowGroupView::Commits, first, count, &commits_));
  Column out(DataType::Scalar(TypeKind::kInt64));
  if (dense_) {
    std::memcpy(out.ExtendFixed(count), commits, count * sizeof(Commit));
  } else {
    for (const uint32_t row : rows_) out.AppendScalar<Commit>(commits[row - first]);
  }
  return BatchColumn::Of(std::move(out));
}

absl::StatusOr<BatchColumn> MorselReader::LoadEnds(uint32_t first, uint32_t count) {
  ASSIGN_OR_RETURN(const Commit* const ends, Hidden(&RowGroupView::Ends, first, count, &ends_));
  Column out(DataType::Scalar(TypeKind::kInt64));
  const auto append = [&](Commit end) {
    if (end > window_.to) {
      out.AppendNull();  // kOpenEnd, or ended later than this read looks: repeating the read gives the same answer
    } else {
      out.AppendScalar<Commit>(end);
    }
  };
  for (uint32_t i = 0; dense_ && i < count; ++i) append(ends[i]);
  for (size_t i = 0; !dense_ && i < rows_.size(); ++i) append(ends[rows_[i] - first]);
  return BatchColumn::Of(std::move(out));
}

}  // namespace cortex::query
