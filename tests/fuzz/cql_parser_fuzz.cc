// Fuzz entry of the CQL front end: any bytes give a tree or an error, and what parses also survives the round trip
// through its canonical text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/cql/parser.h"
#include "query/cql/printer.h"
#include "query/cql/release_scope.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto statement = cortex::cql::Parse({reinterpret_cast<const char*>(data), size});
  if (!statement.ok()) return 0;
  cortex::cql::CheckReleaseScope(*statement).IgnoreError();
  const auto again = cortex::cql::Parse(cortex::cql::Print(*statement));
  // Canonical text may be longer than the original and so be refused for its length alone.
  if (again.ok() ? !(*again == *statement) : size < (1 << 16)) std::abort();
  return 0;
}
