// What every store demands of a transition before it looks at its data.

#ifndef NASCENT_SERVER_STORAGE_TRANSITION_CHECK_H_
#define NASCENT_SERVER_STORAGE_TRANSITION_CHECK_H_

#include <string_view>

#include "absl/status/status.h"
#include "nascent/v1/search.pb.h"
#include "server/storage/transitions.h"

namespace nascent::storage {

// Says whether a text column can hold `text`: it is UTF-8 without NUL.
bool IsStorableText(std::string_view text);

// Returns INVALID_ARGUMENT for text that can't be stored, numbers that are not finite, ids below 1,
// states that the transition can't lead to. Messages name the field.
absl::Status CheckTransition(const Transition& transition);

// Says whether a search may go from one state to another; false for equal states.
bool MayBecome(v1::SearchState from, v1::SearchState to);

// Says whether a search is COMPLETED, CANCELLED or FAILED.
bool HasEnded(v1::SearchState state);

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_TRANSITION_CHECK_H_
