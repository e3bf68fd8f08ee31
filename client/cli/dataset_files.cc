#include "client/cli/dataset_files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/data/dataset.h"
#include "common/data/gzip.h"
#include "common/data/idx.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

struct IdxFile {
  std::string path;
  std::string content;
  data::IdxHeader header;
};

absl::StatusOr<IdxFile> Load(const std::string& path) {
  NASCENT_ASSIGN_OR_RETURN(auto content, data::ReadMaybeGzip(path));
  const std::string_view start =
      std::string_view(content).substr(0, static_cast<size_t>(data::kMaxIdxHeader));
  auto header = data::ParseIdxHeader(start, static_cast<int64_t>(content.size()));
  if (!header.ok()) {
    return absl::Status(header.status().code(),
                        absl::StrCat(path, ": ", std::string(header.status().message())));
  }
  if (header->type != data::IdxType::kByte) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": found float32; images and labels are unsigned bytes"));
  }
  return IdxFile{path, std::move(content), *std::move(header)};
}

// "train-images-idx3-ubyte", compressed or not, or "train-images.idx3-ubyte", as some unpack it.
absl::StatusOr<std::string> FindIn(const std::string& folder, const std::string& name) {
  std::string pointed = name;
  pointed[pointed.find("-idx")] = '.';
  for (const std::string& spelled : {name, pointed}) {
    for (const char* ending : {"", ".gz"}) {
      const std::string path = absl::StrCat(folder, "/", spelled, ending);
      std::error_code error;
      if (std::filesystem::is_regular_file(path, error)) return path;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "--from: found no ", name, " or ", pointed, " (or .gz) in ", folder,
      "; files of other names are given by --train-examples, --train-labels, --test-examples and "
      "--test-labels"));
}

absl::Status FillFromFolder(DatasetFiles& files) {
  const std::pair<std::string*, const char*> names[] = {
      {&files.train_examples, "train-images-idx3-ubyte"},
      {&files.train_labels, "train-labels-idx1-ubyte"},
      {&files.test_examples, "t10k-images-idx3-ubyte"},
      {&files.test_labels, "t10k-labels-idx1-ubyte"}};
  for (const auto& [path, name] : names) {
    if (!path->empty()) continue;
    NASCENT_ASSIGN_OR_RETURN(*path, FindIn(files.folder, name));
  }
  return absl::OkStatus();
}

// [N, H, W] has one channel.
std::vector<int64_t> ExampleShape(const IdxFile& examples) {
  std::vector<int64_t> shape(examples.header.dimensions.begin() + 1,
                             examples.header.dimensions.end());
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  return shape;
}

absl::Status CheckPair(const IdxFile& examples, const IdxFile& labels, bool segmentation) {
  const size_t dimensions = examples.header.dimensions.size();
  if (dimensions != 3 && dimensions != 4) {
    return absl::InvalidArgumentError(
        absl::StrCat(examples.path, ": found ", dimensions,
                     " dimensions, examples are [N, H, W] or [N, C, H, W]"));
  }
  const size_t needed = segmentation ? 3 : 1;
  if (labels.header.dimensions.size() != needed) {
    return absl::InvalidArgumentError(
        absl::StrCat(labels.path, ": found ", labels.header.dimensions.size(),
                     " dimensions, labels are ", segmentation ? "[N, H, W]" : "[N]"));
  }
  if (labels.header.dimensions[0] != examples.header.dimensions[0]) {
    return absl::InvalidArgumentError(
        absl::StrCat(labels.path, ": found ", labels.header.dimensions[0], " labels for the ",
                     examples.header.dimensions[0], " examples of ", examples.path));
  }
  return absl::OkStatus();
}

int64_t LargestLabel(const IdxFile& labels) {
  const auto begin = labels.content.begin() + static_cast<ptrdiff_t>(labels.header.offset);
  const auto largest = std::max_element(begin, labels.content.end(), [](char a, char b) {
    return static_cast<unsigned char>(a) < static_cast<unsigned char>(b);
  });
  return static_cast<unsigned char>(*largest);
}

absl::Status AddSplit(const std::string& name, const std::string& examples_path,
                      const std::string& labels_path, LoadedDataset& loaded) {
  NASCENT_ASSIGN_OR_RETURN(auto examples, Load(examples_path));
  NASCENT_ASSIGN_OR_RETURN(auto labels, Load(labels_path));
  v1::Dataset& dataset = loaded.dataset;
  NASCENT_RETURN_IF_ERROR(
      CheckPair(examples, labels, dataset.kind() == v1::DATA_KIND_IMAGE_SEGMENTATION));
  const std::vector<int64_t> shape = ExampleShape(examples);
  if (dataset.shape().dimensions().empty()) {
    dataset.mutable_shape()->mutable_dimensions()->Assign(shape.begin(), shape.end());
  } else if (!std::equal(shape.begin(), shape.end(), dataset.shape().dimensions().begin(),
                         dataset.shape().dimensions().end())) {
    return absl::InvalidArgumentError(absl::StrCat(
        examples_path, ": found examples of ", absl::StrJoin(shape, "×"),
        ", those for training are ", absl::StrJoin(dataset.shape().dimensions(), "×")));
  }
  dataset.set_classes(std::max(dataset.classes(), LargestLabel(labels) + 1));
  v1::DataSplit* split = dataset.add_splits();
  split->set_name(name);
  split->set_count(examples.header.dimensions[0]);
  split->set_examples(Sha256Hex(examples.content));
  split->set_labels(Sha256Hex(labels.content));
  loaded.artifacts.push_back(std::move(examples.content));
  loaded.artifacts.push_back(std::move(labels.content));
  return absl::OkStatus();
}

}  // namespace

std::string GivenOption(const DatasetFiles& files) {
  if (!files.folder.empty()) return "--from";
  if (!files.train_examples.empty()) return "--train-examples";
  if (!files.train_labels.empty()) return "--train-labels";
  if (!files.test_examples.empty()) return "--test-examples";
  if (!files.test_labels.empty()) return "--test-labels";
  if (files.kind != DatasetFiles().kind) return "--kind";
  return files.classes > 0 ? "--classes" : "";
}

absl::StatusOr<LoadedDataset> LoadDataset(DatasetFiles files) {
  if (!files.folder.empty()) {
    NASCENT_RETURN_IF_ERROR(FillFromFolder(files));
  }
  if (files.train_examples.empty() || files.train_labels.empty()) {
    return absl::InvalidArgumentError(
        "training files are missing: give --from DIR, or --train-examples and --train-labels");
  }
  if (files.test_examples.empty() != files.test_labels.empty()) {
    return absl::InvalidArgumentError(
        "--test-examples and --test-labels belong together: give both or none");
  }
  LoadedDataset loaded;
  loaded.dataset.set_name(files.name);
  loaded.dataset.set_kind(files.kind == "image-segmentation" ? v1::DATA_KIND_IMAGE_SEGMENTATION
                                                             : v1::DATA_KIND_IMAGE_CLASSIFICATION);
  absl::Status status = AddSplit("train", files.train_examples, files.train_labels, loaded);
  if (status.ok() && !files.test_examples.empty()) {
    status = AddSplit("test", files.test_examples, files.test_labels, loaded);
  }
  if (!status.ok()) return status;
  if (files.classes > 0) {
    if (loaded.dataset.classes() > files.classes) {
      return absl::InvalidArgumentError(absl::StrCat("--classes: found ", files.classes,
                                                     ", but labels go up to ",
                                                     loaded.dataset.classes() - 1));
    }
    loaded.dataset.set_classes(files.classes);
  }
  status = data::CheckDataset(loaded.dataset);
  if (!status.ok()) return status;
  return loaded;
}

}  // namespace nascent::cli
