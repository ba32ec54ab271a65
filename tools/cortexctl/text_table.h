// Prints rows as an aligned table, as CSV or as JSON lines.
#ifndef CORTEX_TOOLS_CORTEXCTL_TEXT_TABLE_H_
#define CORTEX_TOOLS_CORTEXCTL_TEXT_TABLE_H_

#include <string>
#include <string_view>
#include <vector>

#include "tools/client/wire_column.h"

namespace cortex::ctl {

// "table", "csv" or "json" (one object a line).
client::TextStyle ParseStyle(std::string_view name);

class TextTable final {
 public:
  // `right_aligned[i]` true for columns of numbers.
  TextTable(client::TextStyle style, std::vector<std::string> names, std::vector<bool> right_aligned);

  // Cells as WireColumn::Text or the helpers below give them for the style.
  void AddRow(std::vector<std::string> cells);
  // What can be printed by now: for a table only after every 1,000 rows, so that widths fit the rows above them.
  std::string TakeText();
  // Everything left.
  std::string Finish();

 private:
  std::string Aligned();

  const client::TextStyle style_;
  const std::vector<std::string> names_;
  const std::vector<bool> right_aligned_;
  bool header_printed_ = false;
  std::vector<std::vector<std::string>> rows_;
};

// Cells of values that do not come from a column.
std::string TextCell(client::TextStyle style, std::string_view text);
std::string NumberCell(double value, int digits);
std::string CountCell(client::TextStyle style, uint64_t value);  // 1,234,567 for people
// 12.3 MB for people, bytes otherwise.
std::string BytesCell(client::TextStyle style, double bytes);

}  // namespace cortex::ctl

#endif  // CORTEX_TOOLS_CORTEXCTL_TEXT_TABLE_H_
