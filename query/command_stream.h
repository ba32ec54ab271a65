// A statement whose answer is one small batch. Internal to the engine.
#ifndef CORTEX_QUERY_COMMAND_STREAM_H_
#define CORTEX_QUERY_COMMAND_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "query/statement_streams.h"
#include "storage/runtime/clock.h"

namespace cortex::query {

// Runs a command once; what it appends to the columns is the answer.
class CommandStream : public QueryStream {
 public:
  CommandStream(std::vector<ResultColumn> schema, StreamOptions options)
      : options_(std::move(options)), schema_(std::move(schema)) {
    statistics_.plan_ns = options_.plan_ns;
  }
  const std::vector<ResultColumn>& schema() const override { return schema_; }
  const QueryStatistics& statistics() const override { return statistics_; }

  absl::Status Run(const BatchSink& sink) override {
    const Clock& clock = *options_.engine.clock;
    const int64_t start = clock.MonotonicNanos();
    ResultBatch batch;
    for (const ResultColumn& column : schema_) batch.columns.emplace_back(column.type);
    RETURN_IF_ERROR(Execute(&batch.columns));
    batch.row_count = batch.columns.empty() ? 0 : batch.columns[0].row_count();
    statistics_.rows_returned = batch.row_count;
    statistics_.execute_ns = clock.MonotonicNanos() - start;
    return batch.row_count == 0 ? absl::OkStatus() : sink(std::move(batch));
  }

 protected:
  virtual absl::Status Execute(std::vector<Column>* columns) = 0;
  Database& database() const { return *options_.engine.database; }
  const StreamOptions& options() const { return options_; }
  QueryStatistics* mutable_statistics() { return &statistics_; }

 private:
  const StreamOptions options_;
  const std::vector<ResultColumn> schema_;
  QueryStatistics statistics_;
};

inline ResultColumn Text(std::string name) { return {std::move(name), DataType::String()}; }
inline ResultColumn Number(std::string name) { return {std::move(name), DataType::Scalar(TypeKind::kInt64)}; }
inline ResultColumn Real(std::string name) { return {std::move(name), DataType::Scalar(TypeKind::kFloat64)}; }
inline ResultColumn Time(std::string name) { return {std::move(name), DataType::Scalar(TypeKind::kTimestamp)}; }

// Appends values to columns from left to right.
class RowAppender {
 public:
  explicit RowAppender(std::vector<Column>* columns) : columns_(*columns) {}
  RowAppender& Add(std::string_view text) {
    columns_[at_++].AppendString(text);
    return *this;
  }
  RowAppender& Add(uint64_t number) {
    columns_[at_++].AppendScalar<int64_t>(static_cast<int64_t>(number));
    return *this;
  }
  RowAppender& AddReal(double number) {
    columns_[at_++].AppendScalar<double>(number);
    return *this;
  }
  RowAppender& AddTime(std::optional<int64_t> time_ns) {
    if (time_ns) {
      columns_[at_++].AppendScalar<int64_t>(*time_ns);
    } else {
      columns_[at_++].AppendNull();
    }
    return *this;
  }

 private:
  std::vector<Column>& columns_;
  size_t at_ = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_COMMAND_STREAM_H_
