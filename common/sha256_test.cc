#include "common/sha256.h"

#include <gtest/gtest.h>

namespace nascent {
namespace {

// FIPS 180-2, appendix B.
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex("abc"), kAbc);
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  Sha256 hasher;
  hasher.Update("a");
  hasher.Update("bc");
  EXPECT_EQ(hasher.Hex(), kAbc);
}

TEST(Sha256Test, AMissingFileIsNotFound) {
  EXPECT_EQ(Sha256OfFile("/nonexistent/file").status().code(), absl::StatusCode::kNotFound);
}

TEST(Sha256Test, OnlySixtyFourLowerCaseDigitsAreADigest) {
  EXPECT_TRUE(IsSha256(kAbc));
  EXPECT_FALSE(IsSha256("abc"));
  EXPECT_FALSE(IsSha256(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256("../" + std::string(61, 'a')));
}

}  // namespace
}  // namespace nascent
