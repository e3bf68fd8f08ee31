#include "common/network/builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/network/mix.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

// Past this many entries a memo starts again: its memory stays bounded over millions of networks.
constexpr size_t kMostEntries = 4096;

bool Equal(const std::vector<Shape>& known, std::span<const Shape* const> inputs) {
  return std::ranges::equal(known, inputs, [](const Shape& a, const Shape* b) { return a == *b; });
}

}  // namespace

absl::StatusOr<const InferenceMemo::Entry*> InferenceMemo::Infer(
    const Operation& operation, const Attributes& given, std::span<const Shape* const> inputs) {
  uint64_t hash = Mix(reinterpret_cast<uintptr_t>(&operation), given.Hash());
  for (const Shape* shape : inputs) {
    for (int64_t dimension : *shape) hash = Mix(hash, static_cast<uint64_t>(dimension));
  }
  if (const auto bucket = entries_.find(hash); bucket != entries_.end()) {
    for (const auto& [shapes, entry] : bucket->second) {
      if (entry.operation == &operation && entry.given == given && Equal(shapes, inputs)) {
        return &entry;
      }
    }
  }
  std::vector<Shape> shapes;
  for (const Shape* shape : inputs) shapes.push_back(*shape);
  NASCENT_ASSIGN_OR_RETURN(Attributes complete, Complete(operation, given));
  NASCENT_ASSIGN_OR_RETURN(Shape shape, InferShape(operation, complete, shapes));
  if (size_ >= kMostEntries) {
    entries_.clear();
    size_ = 0;
  }
  ++size_;
  auto& bucket = entries_[hash];
  bucket.emplace_back(std::move(shapes),
                      Entry{&operation, given, std::move(complete), std::move(shape)});
  return &bucket.back().second;
}

NetworkBuilder::NetworkBuilder(InferenceMemo* memo) : memo_(memo == nullptr ? &own_ : memo) {}

absl::StatusOr<int> NetworkBuilder::Add(std::string_view path, std::string_view operation,
                                        const Attributes& attributes, std::span<const int> inputs) {
  const Operation* entry = FindOperation(operation);
  if (entry == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(path), ": no operation is called ", std::string(operation)));
  }
  absl::InlinedVector<const Shape*, 4> shapes;
  for (int input : inputs) shapes.push_back(&network_.nodes[input].shape);
  absl::StatusOr<const InferenceMemo::Entry*> inferred =
      memo_->Infer(*entry, attributes, std::span<const Shape* const>(shapes.data(), shapes.size()));
  if (!inferred.ok()) {
    std::string from;
    for (int input : inputs) {
      absl::StrAppend(&from, from.empty() ? " of " : ", ", network_.nodes[input].path, " ",
                      ToText(network_.nodes[input].shape));
    }
    return absl::InvalidArgumentError(absl::StrCat(std::string(path), ": ", entry->name, from, ": ",
                                                   inferred.status().message()));
  }
  Node& node = network_.nodes.emplace_back();
  node.path = path;
  node.operation = entry->name;
  node.attributes = (*inferred)->complete;
  node.inputs.assign(inputs.begin(), inputs.end());
  node.shape = (*inferred)->shape;
  return size() - 1;
}

void NetworkBuilder::AddOutput(std::string name, int node, bool training_only) {
  network_.outputs.push_back({std::move(name), node, training_only});
}

}  // namespace nascent::network
