// "did you mean": the known name closest to a mistyped one.
#ifndef CORTEX_QUERY_CQL_NEAREST_NAME_H_
#define CORTEX_QUERY_CQL_NEAREST_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace cortex::cql {

// The candidate with the smallest edit distance to `name`, letter case ignored; empty if none is near (more than a
// third of the letters, at least 2, would have to change). Equal distances: the earlier candidate wins.
std::string NearestName(std::string_view name, const std::vector<std::string>& candidates);

// `; did you mean "<nearest>"?`, or empty if nothing is near. Meant to be appended to an error message.
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_NEAREST_NAME_H_
