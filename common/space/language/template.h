// A template file that was read: what all of its genotypes share.

#ifndef NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_H_
#define NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/space/decisions/decision_space.h"
#include "common/space/language/block.h"
#include "common/space/language/rules.h"
#include "common/space/notation/notation.h"
#include "common/space/space_options.h"

namespace nascent::space {

struct Template {
  std::string file;
  std::string name;
  std::string description;
  std::vector<KnownArchitecture> known;
  std::vector<ConstantInfo> constants;

  BlockPtr network;
  std::vector<int> order;  // decision as blocks name it → decision of `decisions`
  std::unique_ptr<const DecisionSpace> decisions;
  int slots = 0;
  int tensors = 0;
  network::Shape input;
  int64_t classes = 0;
  OutputRule output = OutputRule::kAny;
  int resolution = -1;  // the decision `recipe.resolution`, which sets height and width; -1: none

  std::vector<ForbidRule> forbid;
  std::unique_ptr<const Notation> notation;  // null: JSON only
};

// INVALID_ARGUMENT "file:line: path.in.template: what was found, what is allowed", or for what
// `options` hold "space.set.NAME: …" and "decisions.PATH: …". Bounded in time and memory whatever
// the text is.
absl::StatusOr<std::unique_ptr<const Template>> ReadTemplate(std::string_view text,
                                                             std::string_view file_name,
                                                             const SpaceOptions& options);

}  // namespace nascent::space

#endif  // NASCENT_COMMON_SPACE_LANGUAGE_TEMPLATE_H_
