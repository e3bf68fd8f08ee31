#include "common/data/dataset.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/data/idx.h"
#include "common/data/table_features.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace nascent::data {
namespace {

constexpr int64_t kMaxClasses = 256;  // labels are bytes

absl::Status Invalid(std::string_view field, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("dataset.", std::string(field), ": ", std::string(problem)));
}

bool IsDatasetName(const std::string& name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::vector<int64_t> Dimensions(const v1::Dataset& dataset) {
  return {dataset.shape().dimensions().begin(), dataset.shape().dimensions().end()};
}

absl::Status Mismatch(const std::string& field, const std::vector<int64_t>& found,
                      const std::string& needed) {
  return Invalid(
      field, absl::StrCat("the file holds ", absl::StrJoin(found, "x"), ", needed is ", needed));
}

absl::Status CheckType(const std::string& field, IdxType found, IdxType needed) {
  if (found == needed) return absl::OkStatus();
  const auto name = [](IdxType type) { return type == IdxType::kFloat ? "float32" : "bytes"; };
  return Invalid(field,
                 absl::StrCat("the file holds ", name(found), ", needed are ", name(needed)));
}

absl::Status CheckExamples(const v1::Dataset& dataset, const std::string& field,
                           const std::string& path, v1::DataSplit& split) {
  NASCENT_ASSIGN_OR_RETURN(auto header, CheckIdxFile(path));
  NASCENT_RETURN_IF_ERROR(
      CheckType(field, header.type, IsTable(dataset) ? IdxType::kFloat : IdxType::kByte));
  if (split.count() == 0) split.set_count(header.dimensions[0]);
  std::vector<int64_t> needed = Dimensions(dataset);
  needed.insert(needed.begin(), split.count());
  if (header.dimensions == needed) return absl::OkStatus();
  if (needed.size() == 4 && needed[1] == 1 &&
      header.dimensions.size() == 3) {  // one channel needs no dimension
    std::vector<int64_t> with_channel = header.dimensions;
    with_channel.insert(with_channel.begin() + 1, 1);
    if (with_channel == needed) return absl::OkStatus();
  }
  return Mismatch(field, header.dimensions, absl::StrJoin(needed, "x"));
}

absl::Status CheckLabels(const v1::Dataset& dataset, const std::string& field,
                         const std::string& path, v1::DataSplit& split) {
  NASCENT_ASSIGN_OR_RETURN(auto labels, ReadIdxFile(path));
  NASCENT_RETURN_IF_ERROR(CheckType(field, labels.type, IdxType::kByte));
  std::vector<int64_t> needed = {split.count()};
  if (dataset.kind() == v1::DATA_KIND_IMAGE_SEGMENTATION) {
    needed.push_back(dataset.shape().dimensions(1));
    needed.push_back(dataset.shape().dimensions(2));
  }
  if (labels.dimensions != needed) {
    return Mismatch(field, labels.dimensions, absl::StrJoin(needed, "x"));
  }
  const auto too_large = std::find_if(labels.elements.begin(), labels.elements.end(),
                                      [&](uint8_t label) { return label >= dataset.classes(); });
  if (too_large != labels.elements.end()) {
    return Invalid(field, absl::StrCat("label ", static_cast<int>(*too_large), " at position ",
                                       too_large - labels.elements.begin(), ", but there are ",
                                       dataset.classes(), " classes"));
  }
  split.clear_class_counts();
  if (dataset.kind() == v1::DATA_KIND_IMAGE_SEGMENTATION) return absl::OkStatus();
  std::vector<int64_t> counts(static_cast<size_t>(dataset.classes()));
  for (const uint8_t label : labels.elements) ++counts[label];
  split.mutable_class_counts()->Assign(counts.begin(), counts.end());
  return absl::OkStatus();
}

// The columns account for the shape, the categories of the target for the classes.
absl::Status CheckTable(const v1::Dataset& dataset, const std::vector<int64_t>& shape) {
  const v1::TableLayout& table = dataset.table();
  const auto features = static_cast<int64_t>(FeaturesOf(table).size());
  if (features < 1 || features > kMaxFeatures) {
    return Invalid("table.columns",
                   absl::StrCat("they give ", features, " features; allowed: 1 to ", kMaxFeatures));
  }
  if (shape != std::vector<int64_t>{features}) {
    return Invalid("shape", absl::StrCat("found ", absl::StrJoin(shape, "x"), "; needed: the ",
                                         features, " features of the columns"));
  }
  for (int i = 0; i < table.columns_size(); ++i) {
    if (table.columns(i).missing() < 0) {
      return Invalid(absl::StrCat("table.columns[", i, "].missing"), "below 0");
    }
  }
  if (table.target().categories_size() != dataset.classes()) {
    return Invalid("table.target.categories",
                   absl::StrCat("found ", table.target().categories_size(), " names for ",
                                dataset.classes(), " classes"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Fingerprint(const v1::Dataset& dataset) {
  std::vector<const v1::DataSplit*> splits;
  for (const v1::DataSplit& split : dataset.splits()) splits.push_back(&split);
  std::sort(splits.begin(), splits.end(),
            [](const auto* a, const auto* b) { return a->name() < b->name(); });
  std::string text = absl::StrCat("dataset 1\nkind ", static_cast<int>(dataset.kind()), "\nshape ",
                                  absl::StrJoin(dataset.shape().dimensions(), "x"), "\nclasses ",
                                  dataset.classes(), "\n");
  for (const v1::DataSplit* split : splits) {
    absl::StrAppend(&text, "split ", split->name(), " ", split->examples(), " ", split->labels(),
                    "\n");
  }
  if (IsTable(dataset)) {
    absl::StrAppend(&text, "features ");
    for (const Feature& feature : FeaturesOf(dataset.table())) {
      text += feature.kind == Feature::Kind::kNumber ? 'n' : 'i';
    }
    text += '\n';
  }
  return Sha256Hex(text);
}

// Of what was found, in an error.
constexpr size_t kShownCharacters = 64;

absl::Status CheckDataset(const v1::Dataset& dataset) {
  if (!IsDatasetName(dataset.name())) {
    return Invalid("name", absl::StrCat("found \"", dataset.name().substr(0, kShownCharacters),
                                        "\"; allowed: 1 to 128 of a-z, 0-9, '-', '_', '.'"));
  }
  if (dataset.kind() != v1::DATA_KIND_IMAGE_CLASSIFICATION &&
      dataset.kind() != v1::DATA_KIND_IMAGE_SEGMENTATION &&
      dataset.kind() != v1::DATA_KIND_TABLE_CLASSIFICATION) {
    return Invalid("kind",
                   "allowed: image classification, image segmentation, table classification");
  }
  const std::vector<int64_t> shape = Dimensions(dataset);
  if (IsTable(dataset)) {
    NASCENT_RETURN_IF_ERROR(CheckTable(dataset, shape));
  } else if (shape.size() != 3 || *std::min_element(shape.begin(), shape.end()) < 1) {
    return Invalid("shape", absl::StrCat("found ", absl::StrJoin(shape, "x"),
                                         "; needed: channels x height x width, each at least 1"));
  }
  if (dataset.classes() < 2 || dataset.classes() > kMaxClasses) {
    return Invalid("classes",
                   absl::StrCat("found ", dataset.classes(), "; allowed: 2 to ", kMaxClasses));
  }
  std::set<std::string> names;
  for (int i = 0; i < dataset.splits_size(); ++i) {
    const v1::DataSplit& split = dataset.splits(i);
    const std::string field = absl::StrCat("splits[", i, "]");
    if (split.name() != "train" && split.name() != "test") {
      return Invalid(field + ".name", "allowed: train, test");
    }
    if (!names.insert(split.name()).second) return Invalid(field + ".name", "given twice");
    if (split.count() < 0) return Invalid(field + ".count", "below 0");
    if (!IsSha256(split.examples())) return Invalid(field + ".examples", "not a SHA-256");
    if (!IsSha256(split.labels())) return Invalid(field + ".labels", "not a SHA-256");
  }
  if (names.count("train") == 0) return Invalid("splits", "there is no split named train");
  return absl::OkStatus();
}

absl::Status CheckDatasetFiles(v1::Dataset& dataset, const FileOf& file_of) {
  NASCENT_RETURN_IF_ERROR(CheckDataset(dataset));
  for (int i = 0; i < dataset.splits_size(); ++i) {
    v1::DataSplit& split = *dataset.mutable_splits(i);
    const std::string field = absl::StrCat("splits[", i, "]");
    NASCENT_ASSIGN_OR_RETURN(auto examples, file_of(split.examples()));
    NASCENT_RETURN_IF_ERROR(CheckExamples(dataset, field + ".examples", examples, split));
    NASCENT_ASSIGN_OR_RETURN(auto labels, file_of(split.labels()));
    NASCENT_RETURN_IF_ERROR(CheckLabels(dataset, field + ".labels", labels, split));
  }
  return absl::OkStatus();
}

bool IsTable(const v1::Dataset& dataset) {
  return dataset.kind() == v1::DATA_KIND_TABLE_CLASSIFICATION || IsRegression(dataset);
}

bool IsRegression(const v1::Dataset& dataset) {
  return dataset.kind() == v1::DATA_KIND_TABLE_REGRESSION;
}

const v1::DataSplit* FindSplit(const v1::Dataset& dataset, const std::string& name) {
  for (const v1::DataSplit& split : dataset.splits()) {
    if (split.name() == name) return &split;
  }
  return nullptr;
}

}  // namespace nascent::data
