// Which options of a space no network can have, and why.

#ifndef NASCENT_COMMON_SPACE_OPTION_CHECK_H_
#define NASCENT_COMMON_SPACE_OPTION_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/space/space.h"

namespace nascent::space {

// An option of a decision with which no network could be built.
struct DeadOption {
  std::string label;   // of the decision
  std::string option;  // as a person writes it
  double share = 0;    // of the genotypes that were drawn: those that hold it
  std::string reason;  // why one of them cannot be built

  // "kernel = 5 cannot be built (50 % of all genotypes): mine.yaml:4: …".
  std::string Text() const;
};

struct OptionCheck {
  int64_t tried = 0;    // genotypes
  int64_t allowed = 0;  // of those
  std::vector<DeadOption> dead;
  // False: the effort ended before every option was tried.
  bool complete = true;
};

// Tries to build a network with every option of every decision: options that random genotypes do
// not show are set in genotypes that can be built, and what they depend on with them. Of ranges
// both ends and some numbers between them are tried. The work is that of at most `effort` networks;
// the same space gives the same answer.
OptionCheck CheckOptions(const Space& space, int64_t effort = 4000);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_OPTION_CHECK_H_
