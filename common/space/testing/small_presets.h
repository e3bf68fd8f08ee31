// Presets with constants that make their networks small, for tests that build many.

#ifndef NASCENT_COMMON_SPACE_TESTING_SMALL_PRESETS_H_
#define NASCENT_COMMON_SPACE_TESTING_SMALL_PRESETS_H_

#include <memory>
#include <string>
#include <vector>

#include "common/space/space.h"

namespace nascent::space::testing {

// All of them.
std::vector<std::string> PresetNames();

// On images [3, 32, 32], or examples of another shape, of 10 classes. Null, with a failure of the
// running test, where the template is refused.
std::shared_ptr<const Space> SmallSpace(const std::string& preset,
                                        const network::Shape& input = {3, 32, 32});

}  // namespace nascent::space::testing

#endif  // NASCENT_COMMON_SPACE_TESTING_SMALL_PRESETS_H_
