#include "tools/cortexctl/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {
namespace {

constexpr int kBarWidth = 30;
constexpr auto kRedraw = std::chrono::milliseconds(100);

}  // namespace

ProgressBar::ProgressBar(std::string title, bool quiet, std::string unit)
    : title_(std::move(title)), quiet_(quiet), unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

void ProgressBar::Update(double part, uint64_t count, uint64_t bytes) {
  const auto now = std::chrono::steady_clock::now();
  const int tenth = static_cast<int>(part * 10);
  if (quiet_ || part >= 1.0 || (terminal_ ? now - last_drawn_ < kRedraw : tenth <= last_tenth_)) return;
  last_drawn_ = now;
  last_tenth_ = tenth;
  Draw(part, count, bytes, false);
}

void ProgressBar::Finish(uint64_t count, uint64_t bytes) {
  if (!quiet_) Draw(1.0, count, bytes, true);
}

void ProgressBar::Draw(double part, uint64_t count, uint64_t bytes, bool last) {
  const double seconds =
      std::max(1e-3, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  const int filled = static_cast<int>(part * kBarWidth);
  const auto style = client::TextStyle::kTable;
  const std::string line = absl::StrFormat(
      "%-14s [%s%s] %3.0f %%  %s %s  %s  %s %s/s  %s/s", title_, std::string(static_cast<size_t>(filled), '#'),
      std::string(static_cast<size_t>(kBarWidth - filled), '.'), part * 100, CountCell(style, count), unit_,
      BytesCell(style, static_cast<double>(bytes)),
      CountCell(style, static_cast<uint64_t>(static_cast<double>(count) / seconds)), unit_,
      BytesCell(style, static_cast<double>(bytes) / seconds));
  std::fprintf(stderr, terminal_ ? "\r%s\033[K%s" : "%s%s", line.c_str(), terminal_ && !last ? "" : "\n");
}

}  // namespace cortex::ctl
