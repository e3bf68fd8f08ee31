// A registered data set: what its files must hold, and the fingerprint that names its content.

#ifndef NASCENT_COMMON_DATA_DATASET_H_
#define NASCENT_COMMON_DATA_DATASET_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nascent/v1/data.pb.h"

namespace nascent::data {

// Where the file of an artifact (by SHA-256) is.
using FileOf = std::function<absl::StatusOr<std::string>(const std::string& sha256)>;

// SHA-256 over kind, shape, classes and the artifacts of all splits (in the order of their names,
// so that the order in the message does not count), of a table also which features are numbers.
// Names and time do not count.
std::string Fingerprint(const v1::Dataset& dataset);

// The part that needs no file: name, kind, shape ([C, H, W], of tables [F] with columns that give F
// features), classes, a "train" split and at most one "test", hashes. INVALID_ARGUMENT names the
// field.
absl::Status CheckDataset(const v1::Dataset& dataset);

// CheckDataset and the files: examples are [count, H, W] (one channel) or [count, C, H, W] bytes,
// of tables [count, F] floats; labels [count] for classification, [count, H, W] for segmentation,
// each below `classes`. A count of 0 is filled in from the file, and so are the counts of classes.
// Reads the labels, and only the headers of the examples.
absl::Status CheckDatasetFiles(v1::Dataset& dataset, const FileOf& file_of);

// Whether an example is a row of a table.
bool IsTable(const v1::Dataset& dataset);
// Whether a number is to be predicted.
bool IsRegression(const v1::Dataset& dataset);

// The split of that name; nullptr: there is none.
const v1::DataSplit* FindSplit(const v1::Dataset& dataset, const std::string& name);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_DATASET_H_
