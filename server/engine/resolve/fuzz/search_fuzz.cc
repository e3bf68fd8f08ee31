// A libFuzzer target for search files: what a stranger's file says is read, resolved, and one
// network of its space is built. The build is described in docs/code.md.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "absl/strings/match.h"
#include "common/random.h"
#include "common/spec/search_file.h"
#include "server/engine/propose/candidate.h"
#include "server/engine/resolve/resolve_search.h"

namespace nascent::engine {
namespace {

// The data sets that the examples name.
Surroundings WithData() {
  Surroundings surroundings;
  for (const char* name : {"fashion-mnist", "fashion-mnist-masks"}) {
    v1::Dataset& dataset = surroundings.datasets.emplace_back();
    dataset.set_name(name);
    for (const int size : {1, 28, 28}) dataset.mutable_shape()->add_dimensions(size);
    dataset.set_classes(10);
    for (const char* part : {"train", "test"}) {
      v1::DataSplit& split = *dataset.add_splits();
      split.set_name(part);
      split.set_count(60000);
    }
  }
  // Remarks try out many networks, which would slow down each input.
  surroundings.advise = false;
  surroundings.worker_metrics = {"validation_mean_iou"};
  return surroundings;
}

void Try(std::string_view text) {
  const auto file = spec::ParseSearchFile(text, "fuzz.yaml");
  if (!file.ok()) return;
  static const auto* const kSurroundings = new Surroundings(WithData());
  auto resolved = ResolveSearch(file->spec, *kSurroundings);
  if (!resolved.ok()) return;
  // What was resolved resolves to itself.
  const auto again = ResolveSearch(resolved->spec, *kSurroundings);
  if (!again.ok() ||
      again->spec.SerializeAsString().size() != resolved->spec.SerializeAsString().size()) {
    fprintf(stderr, "not idempotent: %s\n", again.status().ToString().c_str());
    abort();
  }
  CandidateMaker maker(std::make_shared<const ResolvedSearch>(*std::move(resolved)),
                       CandidateOptions());
  RandomStream random(0, 0);
  const auto candidate = maker.Make(again->space->decisions().Sample(random), 0);
  // A space may forbid networks; a recipe must be able to hold all that was accepted.
  if (absl::StartsWith(candidate->status.message(), "recipe.")) {
    fprintf(stderr, "accepted, but: %s\n", candidate->status.ToString().c_str());
    abort();
  }
}

}  // namespace
}  // namespace nascent::engine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  nascent::engine::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
