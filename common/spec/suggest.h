// "Did you mean": the nearest of the allowed words to one that is not allowed.

#ifndef NASCENT_COMMON_SPEC_SUGGEST_H_
#define NASCENT_COMMON_SPEC_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace nascent::spec {

// The word of `allowed` with the smallest edit distance to `word`, or "" when none is near (more
// than a third of the letters differ).
std::string Nearest(std::string_view word, const std::vector<std::string>& allowed);

// `; did you mean "momentum"?`, or "" when nothing is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& allowed);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_SUGGEST_H_
