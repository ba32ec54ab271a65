#include "tools/benchmark/report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/client/json_value.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::benchmark {
namespace {

// Three significant digits, never in scientific form.
std::string Short(double value) {
  const int digits = value == 0 ? 0 : std::clamp(2 - static_cast<int>(std::floor(std::log10(std::abs(value)))), 0, 4);
  return absl::StrFormat("%.*f", digits, value);
}

// What is compared with the target: the server's median, else the value, else the client's median.
std::optional<double> Headline(const Measurement& m) {
  if (m.server) return m.server->Median();
  if (m.value) return m.value;
  if (m.client) return m.client->Median();
  return std::nullopt;
}

bool Missed(const Measurement& m) {
  const std::optional<double> headline = Headline(m);
  if (!m.target || !headline) return false;
  return m.higher_is_better ? *headline < *m.target : *headline > *m.target;
}

std::string TimesJson(const char* prefix, const Times& times) {
  return absl::StrFormat(",\"%s_median_ms\":%.6g,\"%s_min_ms\":%.6g,\"%s_p99_ms\":%.6g,\"%s_reps\":%d", prefix, times.Median(),
                         prefix, times.Min(), prefix, times.Quantile(0.99), prefix, times.ms.size());
}

}  // namespace

double Times::Quantile(double q) const {
  if (ms.empty()) return 0;
  std::vector<double> sorted = ms;
  std::sort(sorted.begin(), sorted.end());
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(q * static_cast<double>(sorted.size())))];
}

void Report::Add(Measurement m) {
  std::string line = absl::StrFormat("{\"work\":%s,\"tier\":\"%s\",\"data\":\"%s\",\"rows\":%d", client::QuoteJson(m.work), m.tier,
                                     m.data, m.rows);
  if (m.server) line += TimesJson("server", *m.server);
  if (m.client) line += TimesJson("client", *m.client);
  if (m.value) absl::StrAppendFormat(&line, ",\"value\":%.6g,\"unit\":\"%s\"", *m.value, m.unit);
  if (m.target) absl::StrAppendFormat(&line, ",\"target\":%.6g,\"reached\":%s", *m.target, Missed(m) ? "false" : "true");
  if (!m.note.empty()) absl::StrAppend(&line, ",\"note\":", client::QuoteJson(m.note));
  line += "}\n";
  if (json_ != nullptr) {
    std::fputs(line.c_str(), json_);
    std::fflush(json_);
  }
  const std::optional<double> headline = Headline(m);
  std::fprintf(stderr, "  %-44s %-5s %s %s\n", m.work.c_str(), m.tier.c_str(), headline ? Short(*headline).c_str() : "",
               m.value && !m.server ? m.unit.c_str() : "ms");
  measurements_.push_back(std::move(m));
}

std::string Report::Table() const {
  ctl::TextTable table(client::TextStyle::kTable,
                       {"work", "data", "tier", "rows", "server ms", "client ms", "p99 ms", "value", "target", "", "note"},
                       {false, false, false, true, true, true, true, true, true, false, false});
  for (const Measurement& m : measurements_) {
    const Times* const slow = m.client ? &*m.client : m.server ? &*m.server : nullptr;
    table.AddRow({m.work, m.data, m.tier, m.rows == 0 ? "" : ctl::CountCell(client::TextStyle::kTable, m.rows),
                  m.server ? Short(m.server->Median()) : "", m.client ? Short(m.client->Median()) : "",
                  slow != nullptr ? Short(slow->Quantile(0.99)) : "",
                  m.value ? absl::StrCat(Short(*m.value), " ", m.unit) : "",
                  m.target ? absl::StrCat(m.higher_is_better ? "> " : "< ", Short(*m.target)) : "",
                  !m.target ? "" : Missed(m) ? "missed" : "ok", m.note});
  }
  return table.Finish();
}

uint64_t Report::missed_targets() const {
  return static_cast<uint64_t>(std::count_if(measurements_.begin(), measurements_.end(), Missed));
}

}  // namespace cortex::benchmark
