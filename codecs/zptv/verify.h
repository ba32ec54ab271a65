// What a contract demands of values, and whether decoded values meet it. The encoder asks it while it quantises, and
// again about what it wrote; so there is one definition of each bound.
#ifndef CORTEX_CODECS_ZPTV_VERIFY_H_
#define CORTEX_CODECS_ZPTV_VERIFY_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "codecs/zptv/contract.h"
#include "codecs/zptv/line_shape.h"

namespace cortex::zptv {

// √(x² + y²) that neither overflows nor underflows needlessly.
double Modulus(double x, double y);

// √(mean of |z|²) over the finite numbers of a block (complex ones if components is 2).
double RootMeanSquare(const LineShape& shape, const std::byte* values, size_t count);

// The contract as it applies to one block.
struct BlockLimit {
  ZptvContract contract;
  double rms = 0;  // of the block; kRms
};

// Whether number i (of `components` values) keeps the contract. kRowL2 says nothing of single numbers, so there only
// specials are looked at. `error`: |z − ẑ| in the contract's unit, 0 for numbers that are not finite or came back bit
// for bit.
bool NumberHolds(const LineShape& shape, const BlockLimit& limit, const std::byte* original, const std::byte* decoded,
                 size_t i, double* error);

// Of the errors of some numbers.
struct ErrorSums {
  double largest = 0;
  double squares = 0;  // their sum
};

// Whether numbers [0, count) all keep the contract, as NumberHolds tells one by one, and what their errors come to.
// nullopt if numbers are among them that only NumberHolds can judge: specials that changed, extremes, polar contracts,
// under POINT whatever is not clearly within.
std::optional<bool> AllHold(const LineShape& shape, const BlockLimit& limit, const std::byte* original,
                            const std::byte* decoded, size_t count, ErrorSums* sums);

// ‖x − x̂‖ / ‖x‖ over the finite values of a row (0 if both are 0, infinite if only ‖x‖ is).
double RowError(PhysicalType type, const std::byte* original, const std::byte* decoded, size_t values);

// Checks whole blocks and sums up their errors.
class ContractCheck {
 public:
  ContractCheck(const LineShape& shape, uint32_t values_per_row, ZptvContract contract)
      : shape_(shape), values_per_row_(values_per_row), contract_(contract) {}

  // The next block: `values` values. Errors: INTERNAL, naming the number, if the contract is broken.
  absl::Status Block(const std::byte* original, const std::byte* decoded, size_t values);
  ZptvError error() const;

 private:
  absl::Status Rows(const std::byte* original, const std::byte* decoded, size_t values);
  absl::Status Row(const std::byte* original, const std::byte* decoded, size_t row);
  absl::Status Scalars(const std::byte* original, const std::byte* decoded, size_t values);  // rows of one value
  void Add(const ErrorSums& sums, uint64_t count);

  LineShape shape_;
  uint32_t values_per_row_;
  ZptvContract contract_;
  uint64_t count_ = 0;
  double max_ = 0;
  double squares_ = 0;
};

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_VERIFY_H_
