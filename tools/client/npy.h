// Reads NumPy's array files (.npy, format versions 1 to 3): little-endian numbers, C order, no pickled objects.
// Format: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
//
// The file is memory-mapped; every byte of the header is untrusted and checked before use. The file must not shrink while
// it is open. Not thread-safe to open, thread-safe to read.
#ifndef CORTEX_TOOLS_CLIENT_NPY_H_
#define CORTEX_TOOLS_CLIENT_NPY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/client/mapped_input.h"

namespace cortex::client {

// What the header of an .npy file says.
struct NpyHeader {
  std::string dtype;            // NumPy's short form without byte order: "f8", "c16", "i8", "b1", "M8[ns]"
  size_t item_bytes = 0;        // width of one element
  std::vector<uint64_t> shape;  // one or two dimensions
  size_t data_offset = 0;       // first byte of the elements
};

// Parses the header at the start of `bytes` (a whole file). Errors: INVALID_ARGUMENT for a dtype or layout that is not
// supported, DATA_LOSS where the file is not what its header says.
absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view bytes);

// One opened array.
class NpyFile final {
 public:
  static absl::StatusOr<NpyFile> Open(const std::string& path);

  const NpyHeader& header() const { return header_; }
  uint64_t row_count() const { return header_.shape[0]; }
  // Elements per row: 1 for a one-dimensional array.
  uint64_t row_length() const { return header_.shape.size() == 2 ? header_.shape[1] : 1; }
  size_t row_bytes() const { return row_length() * header_.item_bytes; }
  // Rows [begin, begin + count), packed. They must exist.
  std::string_view Rows(uint64_t begin, uint64_t count) const;

 private:
  NpyFile(MappedInput input, NpyHeader header) : input_(std::move(input)), header_(std::move(header)) {}

  MappedInput input_;
  NpyHeader header_;
};

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_NPY_H_
