// A whole file mapped for reading. The file must not shrink while it is mapped.
#ifndef CORTEX_TOOLS_CLIENT_MAPPED_INPUT_H_
#define CORTEX_TOOLS_CLIENT_MAPPED_INPUT_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace cortex::client {

class MappedInput final {
 public:
  // Errors: NOT_FOUND, or what errno says.
  static absl::StatusOr<MappedInput> Open(const std::string& path);
  ~MappedInput();
  MappedInput(MappedInput&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedInput& operator=(MappedInput&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  MappedInput(const MappedInput&) = delete;
  MappedInput& operator=(const MappedInput&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedInput(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;  // the mapping; empty for an empty file
};

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_MAPPED_INPUT_H_
