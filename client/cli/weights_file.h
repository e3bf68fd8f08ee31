// A safetensors file of weights, as the client needs it: what its header says, and its tensors
// under other names. Values are never looked at.

#ifndef NASCENT_CLIENT_CLI_WEIGHTS_FILE_H_
#define NASCENT_CLIENT_CLI_WEIGHTS_FILE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace nascent::cli {

struct WeightsFile {
  std::map<std::string, std::string> metadata;
  std::string tensors;  // the header's other entries, a JSON object
  std::string values;   // all bytes behind the header
};

// NOT_FOUND: no such file; FAILED_PRECONDITION: it is no safetensors file.
absl::StatusOr<WeightsFile> ReadWeightsFile(const std::string& path);

// The bytes of a safetensors file with the same values and metadata. `names`: of each tensor, by
// the one that it has. FAILED_PRECONDITION: a tensor that has no new name.
absl::StatusOr<std::string> WithNames(const WeightsFile& file,
                                      const std::map<std::string, std::string>& names);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_WEIGHTS_FILE_H_
