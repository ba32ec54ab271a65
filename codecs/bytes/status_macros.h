// Early return on error, for absl::Status and absl::StatusOr. Abseil 20220623 ships no such macros.
//
//   RETURN_IF_ERROR(file->Sync());
//   ASSIGN_OR_RETURN(const Footer footer, ReadFooter(file));
#ifndef CORTEX_CODECS_BYTES_STATUS_MACROS_H_
#define CORTEX_CODECS_BYTES_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expr)                      \
  do {                                             \
    absl::Status cortex_status_ = (expr);          \
    if (!cortex_status_.ok()) return cortex_status_; \
  } while (false)

#define CORTEX_CONCAT_INNER(a, b) a##b
#define CORTEX_CONCAT(a, b) CORTEX_CONCAT_INNER(a, b)

#define ASSIGN_OR_RETURN(lhs, expr) \
  CORTEX_ASSIGN_OR_RETURN_IMPL(CORTEX_CONCAT(cortex_status_or_, __LINE__), lhs, expr)
#define CORTEX_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                 \
  if (!result.ok()) return std::move(result).status();  \
  lhs = std::move(result).value()

#endif  // CORTEX_CODECS_BYTES_STATUS_MACROS_H_
