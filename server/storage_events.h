// How loud the events of storage are in the log.
#ifndef CORTEX_SERVER_STORAGE_EVENTS_H_
#define CORTEX_SERVER_STORAGE_EVENTS_H_

#include <string_view>

#include "server/logging.h"

namespace cortex {

// Info for what happens every day, warn for everything else: what nobody has listed as routine is for people to see.
LogLevel StorageEventLevel(std::string_view event);

}  // namespace cortex

#endif  // CORTEX_SERVER_STORAGE_EVENTS_H_
