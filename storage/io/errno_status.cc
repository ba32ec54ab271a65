// The one translation of kernel error numbers into canonical codes.
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_format.h"
#include "storage/io/file_system.h"

namespace cortex {
namespace {

absl::StatusCode CodeOf(int error_number) {
  switch (error_number) {
    case ENOENT: return absl::StatusCode::kNotFound;
    case EEXIST: return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS: return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case EXDEV:
    case EMLINK:  // space would not help: the file has all the names it may have
    case EBUSY:
    case ETXTBSY: return absl::StatusCode::kFailedPrecondition;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP: return absl::StatusCode::kInvalidArgument;
    case EIO:
    case ENXIO:
    case ENODEV:
    case EUCLEAN:
    case EBADMSG:
    case ESTALE: return absl::StatusCode::kDataLoss;
    default: return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status ErrnoToStatus(int error_number, std::string_view verb, std::string_view path) {
  char buffer[128];
  const char* const reason = strerror_r(error_number, buffer, sizeof(buffer));  // the GNU one: returns the text
  return absl::Status(CodeOf(error_number), absl::StrFormat("%s %s: %s", verb, path, reason));
}

}  // namespace cortex
