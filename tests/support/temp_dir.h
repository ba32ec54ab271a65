// A fresh directory for one test, removed with everything in it when the object dies.
#ifndef CORTEX_TESTS_SUPPORT_TEMP_DIR_H_
#define CORTEX_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>
#include <string_view>

namespace cortex::testing {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // `<path>/<name>`.
  std::string File(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SUPPORT_TEMP_DIR_H_
