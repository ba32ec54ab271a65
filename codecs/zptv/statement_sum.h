// What many chunks together say of their values.
#ifndef CORTEX_CODECS_ZPTV_STATEMENT_SUM_H_
#define CORTEX_CODECS_ZPTV_STATEMENT_SUM_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "codecs/zptv/contract.h"

namespace cortex {

// The largest of the maxima, the mean square of the errors; chunks that say nothing made none. The contract is the one
// of the last chunk that had one: files keep values that were made under an older declaration.
class StatementSum {
 public:
  // `weight`: bytes of the chunk's values before encoding.
  void Add(const std::optional<ZptvStatement>& statement, uint64_t weight) {
    weight_ += static_cast<double>(weight);
    if (!statement.has_value()) return;
    contract_ = statement->contract;
    max_ = std::max(max_, statement->error.max);
    squares_ += static_cast<double>(weight) * statement->error.rms * statement->error.rms;
  }
  std::optional<ZptvStatement> Total() const {
    if (!contract_.has_value()) return std::nullopt;
    return ZptvStatement{*contract_, {max_, weight_ == 0 ? 0 : std::sqrt(squares_ / weight_)}};
  }

 private:
  std::optional<ZptvContract> contract_;
  double max_ = 0;
  double squares_ = 0;
  double weight_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_STATEMENT_SUM_H_
