#include "bench/score_cases.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "bench/or_throw.h"
#include "common/random.h"
#include "common/scores/scores.h"
#include "common/space/presets.h"

namespace nascent::bench {
namespace {

constexpr int64_t kSide = 32;
constexpr int64_t kClasses = 10;

worker::Batch NoiseBatch(int64_t examples, uint64_t seed, uint64_t stream) {
  RandomStream random(seed, stream);
  worker::Batch batch{at::empty({examples, 3, kSide, kSide}), at::empty({examples}, at::kLong)};
  for (int64_t i = 0; i < batch.images.numel(); ++i) {
    batch.images.data_ptr<float>()[i] = static_cast<float>(random.Normal());
  }
  for (int64_t i = 0; i < examples; ++i) {
    batch.labels.data_ptr<int64_t>()[i] = random.Between(0, kClasses - 1);
  }
  return batch;
}

}  // namespace

std::shared_ptr<const space::Space> ScoreSpace(const ScoreOptions& options,
                                               const std::map<std::string, int64_t>& set) {
  const space::Preset* preset = space::FindPreset(options.space);
  if (preset == nullptr) throw std::runtime_error("--space: no preset " + options.space);
  space::SpaceOptions space_options;
  space_options.set = {set.begin(), set.end()};
  space_options.input = {3, kSide, kSide};
  space_options.classes = kClasses;
  return OrThrow(space::Space::Parse(preset->text, preset->name, space_options));
}

worker::ScoreInput NoiseInput(int64_t examples, uint64_t seed) {
  return {NoiseBatch(examples, seed, 0), NoiseBatch(examples, seed, 1), seed};
}

std::vector<std::string> ChosenScores(const ScoreOptions& options) {
  std::vector<std::string> names;
  const bool all = options.scores == std::vector<std::string>{"all"};
  for (const scores::ScoreInfo& score : scores::AllScores()) {
    if (all || (options.scores.empty() && !score.of_data)) names.emplace_back(score.name);
  }
  if (!names.empty()) return names;
  for (const std::string& name : options.scores) {
    if (scores::IsScore(name)) continue;
    throw std::runtime_error(
        absl::StrCat("--scores: found \"", name, "\", allowed all, ", scores::ScoreNames()));
  }
  return options.scores;
}

}  // namespace nascent::bench
