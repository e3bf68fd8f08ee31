// What the exit status of `nascent` and of what it starts means. Documented in docs/cli.md.

#ifndef NASCENT_COMMON_EXIT_CODE_H_
#define NASCENT_COMMON_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"

namespace nascent {

enum ExitCode {
  kSuccess = 0,
  kFailed = 1,         // something went wrong that is none of the following
  kUsage = 2,          // options, arguments or a file are not as they must be (INVALID_ARGUMENT)
  kNotFound = 3,       // no such search, file, data set (NOT_FOUND)
  kWrongState = 4,     // it is there, but not so that this can be done (FAILED_PRECONDITION, …)
  kUnavailable = 5,    // no service answers (UNAVAILABLE, DEADLINE_EXCEEDED)
  kSearchFailed = 6,   // the search that was watched ended FAILED or CANCELLED
  kInterrupted = 130,  // by Ctrl-C
};

int ExitCodeOf(const absl::Status& status);

// "INVALID_ARGUMENT".
std::string CodeName(const absl::Status& status);

}  // namespace nascent

#endif  // NASCENT_COMMON_EXIT_CODE_H_
