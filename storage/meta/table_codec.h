// TableDefinition as bytes: a deterministic cortex.storage.v1.TableDefinition message.
#ifndef CORTEX_STORAGE_META_TABLE_CODEC_H_
#define CORTEX_STORAGE_META_TABLE_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/column/schema.h"

namespace cortex {

// The same definition gives the same bytes. Errors: INTERNAL if key or time column do not exist or an id is 0 or twice.
absl::StatusOr<std::string> EncodeTable(const TableDefinition& table);

// Reads untrusted bytes and validates the result as ValidateDefinition does. Errors: DATA_LOSS.
absl::StatusOr<TableDefinition> DecodeTable(std::string_view bytes);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_TABLE_CODEC_H_
