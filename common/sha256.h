// SHA-256 as 64 lower-case hexadecimal digits: the name of every artifact, key and fingerprint.

#ifndef NASCENT_COMMON_SHA256_H_
#define NASCENT_COMMON_SHA256_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nascent {

// Hashes bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  // The digest of all bytes so far; the hasher is spent afterwards.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

// NOT_FOUND: the file can't be opened; DATA_LOSS: it can't be read to its end.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

// 64 lower-case hexadecimal digits.
bool IsSha256(std::string_view text);

}  // namespace nascent

#endif  // NASCENT_COMMON_SHA256_H_
