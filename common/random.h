// Counter-based randomness: a stream is a pure function of its key, so a strategy that draws more
// or fewer numbers for one proposal shifts nothing in the next.

#ifndef NASCENT_COMMON_RANDOM_H_
#define NASCENT_COMMON_RANDOM_H_

#include <cstdint>
#include <vector>

namespace nascent {

// A stream of pseudo-random numbers keyed by (seed, stream). Equal keys give equal numbers on every
// platform. The generator is SplitMix64 (Steele, Lea & Flood 2014) over a key that is mixed from
// both halves. Not thread-safe; copies continue independently from the same point.
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t stream);

  // 64 uniform bits.
  uint64_t Next();

  // Uniform in [0, bound); `bound` is at least 1. Without bias (Lemire 2019).
  uint64_t Below(uint64_t bound);

  // Uniform in [low, high], both included.
  int64_t Between(int64_t low, int64_t high);

  // Uniform in [0, 1), 53 bits.
  double Uniform();

  // Standard normal (Box-Muller, one of the pair).
  double Normal();

  // `count` different indices of [0, size), in random order; all when `count` >= `size`.
  // O(count) in time and memory.
  std::vector<int64_t> SampleWithoutReplacement(int64_t size, int64_t count);

 private:
  uint64_t state_;
};

}  // namespace nascent

#endif  // NASCENT_COMMON_RANDOM_H_
