// Reads the files of a data set that is to be registered.

#ifndef NASCENT_CLIENT_CLI_DATASET_FILES_H_
#define NASCENT_CLIENT_CLI_DATASET_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nascent/v1/data.pb.h"

namespace nascent::cli {

struct DatasetFiles {
  std::string name;
  std::string kind = "image-classification";
  std::string folder;  // with files in MNIST's names; or these:
  std::string train_examples;
  std::string train_labels;
  std::string test_examples;  // both or none
  std::string test_labels;
  int64_t classes = 0;  // 0: the largest label plus one
};

struct LoadedDataset {
  v1::Dataset dataset;
  // Content of the files, not compressed.
  std::vector<std::string> artifacts;
  // What is possible but hardly meant.
  std::vector<std::string> warnings = {};
};

// The option for files that is given; empty: none is.
std::string GivenOption(const DatasetFiles& files);

// INVALID_ARGUMENT names the file or option, what was found and what is needed: files that are
// corrupt or cut short, that do not fit together, an option that is missing. NOT_FOUND: no such
// file.
absl::StatusOr<LoadedDataset> LoadDataset(DatasetFiles files);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_DATASET_FILES_H_
