// A trained network as a folder that runs where nobody has heard of Nascent.

#ifndef NASCENT_CLIENT_CLI_WINNER_PACKAGE_H_
#define NASCENT_CLIENT_CLI_WINNER_PACKAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/weights_file.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::cli {

// The names of the files below, in order.
//
//   model.py             the network as plain PyTorch, see common/pytorch/source.h
//   weights.safetensors  its state_dict, with the metadata of the stored weights
//   preprocess.py        from an example of the data to what the network reads
//   example.py           runs it on one input; needs PyTorch only
//   model.json           what the network is and how it came about, for programs
//   search.yaml          the search, to be submitted again
//   README.md            the model card
std::vector<std::string> PackageNames();

// The folder's files, name and content. `weights`: those stored for the trial, whose header holds
// the network and how it was trained. FAILED_PRECONDITION: the header does not say it, as that of
// older versions; UNIMPLEMENTED: an operation without a form in PyTorch, by its name.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> WinnerPackage(
    const v1::Search& search, const v1::Trial& trial, const WeightsFile& weights);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_WINNER_PACKAGE_H_
