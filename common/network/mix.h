// Hashes that are the same on every platform and in every run, unlike absl::Hash.

#ifndef NASCENT_COMMON_NETWORK_MIX_H_
#define NASCENT_COMMON_NETWORK_MIX_H_

#include <cstdint>
#include <string_view>

namespace nascent::network {

// The finalizer of SplitMix64 (Steele, Lea & Flood 2014) over both; not symmetric.
inline uint64_t Mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ (a >> 29)) * 0x9E3779B97F4A7C15u + b + 0xD1B54A32D192ED03u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// FNV-1a.
inline uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_MIX_H_
