#include "common/random.h"

#include <cmath>
#include <numbers>
#include <unordered_map>

#include "absl/numeric/int128.h"

namespace nascent {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

RandomStream::RandomStream(uint64_t seed, uint64_t stream)
    : state_(Mix(Mix(seed + kGolden) ^ (stream * kGolden + 0xD1B54A32D192ED03))) {}

uint64_t RandomStream::Next() {
  state_ += kGolden;
  return Mix(state_);
}

uint64_t RandomStream::Below(uint64_t bound) {
  using Wide = absl::uint128;
  Wide product = static_cast<Wide>(Next()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = -bound % bound;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<Wide>(Next()) * bound;
    }
  }
  return absl::Uint128High64(product);
}

int64_t RandomStream::Between(int64_t low, int64_t high) {
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (span == 0) return static_cast<int64_t>(Next());  // The whole range of int64_t.
  return static_cast<int64_t>(static_cast<uint64_t>(low) + Below(span));
}

double RandomStream::Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

double RandomStream::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

std::vector<int64_t> RandomStream::SampleWithoutReplacement(int64_t size, int64_t count) {
  // Fisher-Yates over a virtual array: only displaced entries are stored.
  std::vector<int64_t> chosen;
  std::unordered_map<int64_t, int64_t> displaced;
  const int64_t take = count < size ? count : size;
  chosen.reserve(static_cast<size_t>(take));
  for (int64_t i = 0; i < take; ++i) {
    const int64_t j = Between(i, size - 1);
    const auto at_j = displaced.find(j);
    const auto at_i = displaced.find(i);
    const int64_t value_i = at_i == displaced.end() ? i : at_i->second;
    chosen.push_back(at_j == displaced.end() ? j : at_j->second);
    displaced[j] = value_i;
  }
  return chosen;
}

}  // namespace nascent
