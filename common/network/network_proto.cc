#include "common/network/network_proto.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/network/operations.h"
#include "common/status_macros.h"

namespace nascent::network {
namespace {

v1::Attribute ToProto(const Attribute& attribute) {
  v1::Attribute message;
  struct Visitor {
    v1::Attribute& message;
    void operator()(int64_t v) const { message.set_integer(v); }
    void operator()(double v) const { message.set_real(v); }
    void operator()(bool v) const { message.set_flag(v); }
    void operator()(const std::string& v) const { message.set_text(v); }
    void operator()(const std::vector<int64_t>& v) const {
      message.mutable_integers()->mutable_values()->Add(v.begin(), v.end());
    }
  };
  std::visit(Visitor{message}, attribute);
  return message;
}

absl::Status Invalid(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::StatusOr<Attribute> FromProto(const v1::Attribute& message) {
  switch (message.value_case()) {
    case v1::Attribute::kInteger:
      return Attribute(message.integer());
    case v1::Attribute::kReal:
      return Attribute(message.real());
    case v1::Attribute::kFlag:
      return Attribute(message.flag());
    case v1::Attribute::kText:
      return Attribute(message.text());
    case v1::Attribute::kIntegers:
      return Attribute(std::vector<int64_t>(message.integers().values().begin(),
                                            message.integers().values().end()));
    case v1::Attribute::VALUE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("has no value");
}

absl::StatusOr<Node> NodeFromProto(const v1::Node& message, const std::vector<Node>& earlier) {
  const Operation* operation = FindOperation(message.operation());
  if (operation == nullptr) {
    return Invalid("operation",
                   absl::StrCat("no operation is called \"", message.operation(), "\""));
  }
  Node node;
  node.path = message.path();
  node.operation = message.operation();
  Attributes given;
  for (const auto& [name, value] : message.attributes()) {
    absl::StatusOr<Attribute> attribute = FromProto(value);
    if (!attribute.ok()) {
      return Invalid(absl::StrCat("attributes.", name), attribute.status().message());
    }
    given[name] = *std::move(attribute);
  }
  absl::StatusOr<Attributes> complete = Complete(*operation, given);
  if (!complete.ok()) return Invalid("attributes", complete.status().message());
  node.attributes = *std::move(complete);
  std::vector<Shape> shapes;
  for (int input : message.inputs()) {
    if (input < 0 || input >= static_cast<int>(earlier.size())) {
      return Invalid("inputs", absl::StrCat("found ", input,
                                            ", needs the index of an earlier node, "
                                            "below ",
                                            earlier.size()));
    }
    node.inputs.push_back(input);
    shapes.push_back(earlier[input].shape);
  }
  NASCENT_ASSIGN_OR_RETURN(node.shape, InferShape(*operation, node.attributes, shapes));
  const auto& stated = message.shape().dimensions();
  if (message.has_shape() && Shape(stated.begin(), stated.end()) != node.shape) {
    return Invalid("shape", absl::StrCat("found ", ToText(Shape(stated.begin(), stated.end())),
                                         ", inferred ", ToText(node.shape)));
  }
  return node;
}

}  // namespace

v1::Network ToProto(const Network& network) {
  v1::Network message;
  for (const Node& node : network.nodes) {
    v1::Node& to = *message.add_nodes();
    to.set_path(node.path);
    to.set_operation(node.operation);
    for (const auto& [name, value] : node.attributes) {
      (*to.mutable_attributes())[name] = ToProto(value);
    }
    to.mutable_inputs()->Add(node.inputs.begin(), node.inputs.end());
    to.mutable_shape()->mutable_dimensions()->Add(node.shape.begin(), node.shape.end());
  }
  for (const Output& output : network.outputs) {
    v1::NamedOutput& to = *message.add_outputs();
    to.set_name(output.name);
    to.set_node(output.node);
    to.set_training_only(output.training_only);
  }
  return message;
}

absl::StatusOr<Network> FromProto(const v1::Network& message) {
  Network network;
  absl::flat_hash_set<std::string> paths;
  for (int i = 0; i < message.nodes_size(); ++i) {
    const std::string place = absl::StrCat("nodes[", i, "]");
    absl::StatusOr<Node> node = NodeFromProto(message.nodes(i), network.nodes);
    if (!node.ok()) return Invalid(place, node.status().message());
    if (!paths.insert(node->path).second) {
      return Invalid(absl::StrCat(place, ".path"),
                     absl::StrCat("\"", node->path, "\" is the path of an earlier node too"));
    }
    network.nodes.push_back(*std::move(node));
  }
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < message.outputs_size(); ++i) {
    const v1::NamedOutput& output = message.outputs(i);
    const std::string place = absl::StrCat("outputs[", i, "]");
    if (output.node() < 0 || output.node() >= message.nodes_size()) {
      return Invalid(absl::StrCat(place, ".node"),
                     absl::StrCat("found ", output.node(), ", needs the index of a node, below ",
                                  message.nodes_size()));
    }
    if (!names.insert(output.name()).second) {
      return Invalid(absl::StrCat(place, ".name"),
                     absl::StrCat("\"", output.name(), "\" is the name of an earlier output too"));
    }
    network.outputs.push_back({output.name(), output.node(), output.training_only()});
  }
  if (network.outputs.empty()) return Invalid("outputs", "a network needs at least one");
  if (network.outputs[0].training_only) {
    return Invalid("outputs[0].training_only", "the main output exists outside of training too");
  }
  return network;
}

}  // namespace nascent::network
