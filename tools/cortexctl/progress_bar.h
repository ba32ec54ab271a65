// A progress line on stderr: redrawn on a terminal, one line per tenth in a log.
#ifndef CORTEX_TOOLS_CORTEXCTL_PROGRESS_BAR_H_
#define CORTEX_TOOLS_CORTEXCTL_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace cortex::ctl {

class ProgressBar final {
 public:
  // `unit` is what is counted beside bytes.
  ProgressBar(std::string title, bool quiet, std::string unit = "rows");
  // `part` 0 to 1. Draws at most ten times a second.
  void Update(double part, uint64_t count, uint64_t bytes);
  // Draws the end and closes the line.
  void Finish(uint64_t count, uint64_t bytes);

 private:
  void Draw(double part, uint64_t count, uint64_t bytes, bool last);

  const std::string title_;
  const bool quiet_;
  const std::string unit_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_drawn_;
  int last_tenth_ = -1;
};

}  // namespace cortex::ctl

#endif  // CORTEX_TOOLS_CORTEXCTL_PROGRESS_BAR_H_
