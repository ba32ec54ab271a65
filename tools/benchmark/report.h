// Collects measurements: JSON lines as they come, a table at the end.
#ifndef CORTEX_TOOLS_BENCHMARK_REPORT_H_
#define CORTEX_TOOLS_BENCHMARK_REPORT_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace cortex::benchmark {

// Times of one repeated operation in milliseconds.
struct Times {
  std::vector<double> ms;

  double Median() const { return Quantile(0.5); }
  double Min() const { return Quantile(0.0); }
  // Nearest rank; 0 when there are none.
  double Quantile(double q) const;
};

// One line of the report.
struct Measurement {
  std::string work;                  // "single-row lookup"
  std::string tier;                  // "hot", "warm", "cold" or ""
  std::string data;                  // "real" or "generated"
  uint64_t rows = 0;                 // rows of the table or of the answer
  std::optional<Times> server, client;
  std::optional<double> value;       // for what is not a time
  std::string unit;                  // of `value`
  std::optional<double> target;      // of the server time in ms, or of `value`
  bool higher_is_better = false;     // of `value`
  std::string note;
};

class Report final {
 public:
  // Lines go to `json`, may be null.
  explicit Report(std::FILE* json) : json_(json) {}

  void Add(Measurement measurement);
  // The aligned table of everything added.
  std::string Table() const;
  uint64_t missed_targets() const;

 private:
  std::FILE* const json_;
  std::vector<Measurement> measurements_;
};

}  // namespace cortex::benchmark

#endif  // CORTEX_TOOLS_BENCHMARK_REPORT_H_
