// The distinct strings of one decoded batch: a StringDictionary over memory of its own.
#ifndef CORTEX_STORAGE_COLUMN_STRING_DICTIONARY_H_
#define CORTEX_STORAGE_COLUMN_STRING_DICTIONARY_H_

#include <memory>

#include "codecs/codec.h"
#include "codecs/values.h"

namespace cortex {

// `entries` are rows of kBytes; entry i becomes code i. Immutable, thread-safe. Find costs one pass over the entries:
// a batch's dictionary is read by code, hardly ever searched.
std::shared_ptr<const StringDictionary> MakeStringDictionary(ValueBuffer entries);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_STRING_DICTIONARY_H_
