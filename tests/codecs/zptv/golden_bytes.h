// Frozen bytes under tests/golden/zptv, as hex. After an intended change of format: CORTEX_WRITE_GOLDEN=1 zptv_test,
// and say so in FORMAT.md.
#ifndef CORTEX_TESTS_CODECS_ZPTV_GOLDEN_BYTES_H_
#define CORTEX_TESTS_CODECS_ZPTV_GOLDEN_BYTES_H_

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#ifndef CORTEX_ZPTV_GOLDEN_DIR
#error "CORTEX_ZPTV_GOLDEN_DIR names tests/golden/zptv"
#endif

namespace cortex::testing {

// The frozen bytes called `name`; `today` is what the encoder writes now, used only when asked to write.
inline std::string GoldenBytes(const std::string& name, const std::string& today) {
  const std::string path = std::string(CORTEX_ZPTV_GOLDEN_DIR) + "/" + name + ".hex";
  if (std::getenv("CORTEX_WRITE_GOLDEN") != nullptr) {
    std::ofstream file(path);
    for (size_t i = 0; i < today.size(); ++i) {
      char digits[4];
      std::snprintf(digits, sizeof(digits), "%02x%c", static_cast<unsigned char>(today[i]),
                    i % 32 == 31 || i + 1 == today.size() ? '\n' : ' ');
      file << digits;
    }
  }
  std::ifstream file(path);
  REQUIRE(file.good());
  std::string bytes, digits;
  while (file >> digits) bytes.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
  return bytes;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_ZPTV_GOLDEN_BYTES_H_
