// Text that an evaluator made, for messages that only hold UTF-8.

#ifndef NASCENT_WORKER_EVALUATE_TEXT_H_
#define NASCENT_WORKER_EVALUATE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace nascent::worker {

// Returns at most `limit` bytes of `text`, cut between characters, with '?' for each malformed
// sequence and each control character other than tab and newline.
std::string ValidText(std::string_view text, size_t limit);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_TEXT_H_
