// One JSON object per line on stdout: ts, level, msg, and the fields of the event. Rows and secrets are never logged.
//
//   Log(LogLevel::kInfo, "moved", {{"table", table}, {"rows", rows}});
#ifndef CORTEX_SERVER_LOGGING_H_
#define CORTEX_SERVER_LOGGING_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace cortex {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

struct LogField {
  std::string_view name;
  std::variant<std::string, int64_t, uint64_t, double, bool> value;
};

// Reads "info" and so on; kInfo for anything else (the configuration has checked it).
LogLevel ParseLogLevel(std::string_view name);

// Sends lines of at least this level to stdout, and what gRPC and protobuf say to the same place. Call once, at start.
void InitLogging(LogLevel level);

// Thread-safe. Control bytes, quotes and invalid UTF-8 are escaped, so one event is one line whatever a client sends.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// The line Log would print; for tests.
std::string FormatLogLine(int64_t unix_us, LogLevel level, std::string_view message,
                          std::initializer_list<LogField> fields);

// `text` as a JSON string, quotes included.
std::string JsonQuote(std::string_view text);

}  // namespace cortex

#endif  // CORTEX_SERVER_LOGGING_H_
