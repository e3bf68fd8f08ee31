// A libFuzzer target for everything that reads a stranger's text: templates, and the genotypes of
// every notation. The first byte says which.
// docs/code.md says how it is built and fed.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/network/live.h"
#include "common/space/space.h"

namespace nascent::space {
namespace {

// Small spaces with one notation of each kind.
constexpr std::string_view kTemplates[] = {
    R"(
network: [{choice: [relu, tanh], label: a}, {choice: [relu, tanh], label: ab}]
notation: {pattern: "{a}|{ab}"}
)",
    R"(
network: {label: c, dag: {choice: [relu, tanh]}, vertices: 3, most_edges: 5}
notation: {matrix: {label: c, vertices: 3}}
)",
    R"(
network:
  label: n
  graph:
    s0: relu
    s1: tanh
    n0: {select: [{each: earlier, do: {choice: [relu, tanh]}}], count: 2}
    n1: {select: [{each: earlier, do: {choice: [relu, tanh]}}], count: 2}
  output: {concat: [{each: unused}]}
notation:
  cells:
    normal: {nodes: [n0, n1], sources: [s0, s1, n0, n1], inputs: "n.{node}", operation: "n.{node}.{source}", concat: unused}
)",
    R"(
decisions: {recipe.optimizer.sgd.learning_rate: {log_uniform: [0.01, 1]}}
network: {repeat: relu, times: {integer: [1, 3]}, name: r}
)"};

const Space& SpaceOf(size_t which) {
  static const auto* const kSpaces = [] {
    auto* spaces = new std::vector<std::shared_ptr<const Space>>;
    for (const std::string_view text : kTemplates) {
      auto space = Space::Parse(text, "fuzz", {.input = {2, 4, 4}});
      if (!space.ok()) {
        fprintf(stderr, "%s\n", space.status().ToString().c_str());
        abort();
      }
      spaces->push_back(*std::move(space));
    }
    return spaces;
  }();
  return *(*kSpaces)[which % kSpaces->size()];
}

void ReadTemplate(std::string_view text) {
  const auto space = Space::Parse(text, "fuzz", {.input = {3, 8, 8}});
  if (!space.ok()) return;
  RandomStream random(1, 1);
  (void)(*space)->decisions().Cardinality();
  for (int i = 0; i < 3; ++i) {
    const Genotype genotype = (*space)->decisions().Sample(random);
    const auto network = (*space)->Build(genotype);
    if (network.ok()) (void)network::Live(*network);
    (void)(*space)->Print(genotype);
  }
}

// What is read prints as something that reads as the same.
void ReadGenotype(const Space& space, std::string_view text) {
  const auto genotype = space.Read(text);
  if (!genotype.ok()) return;
  for (const std::string& printed : {space.Print(*genotype), space.PrintJson(*genotype)}) {
    const auto again = space.Read(printed);
    if (!again.ok() || !(*again == *genotype)) {
      fprintf(stderr, "%s\n", printed.c_str());
      abort();
    }
  }
}

}  // namespace
}  // namespace nascent::space

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] < 0x10) {
    nascent::space::ReadGenotype(nascent::space::SpaceOf(data[0]), text);
  } else {
    nascent::space::ReadTemplate(text);
  }
  return 0;
}
