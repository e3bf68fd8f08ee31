#include "worker/torch/augmentation.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace nascent::worker {
namespace {

v1::Augmentation Everything() {
  v1::Augmentation augmentation;
  augmentation.set_flip(true);
  augmentation.set_crop_padding(4);
  return augmentation;
}

const std::vector<int64_t> kExamples = {3, 1, 4, 1, 5, 9, 2, 6};

TEST(AugmentationTest, AnEpochVisitsEachExampleOnceInAnOrderOfItsOwn) {
  const std::vector<int64_t> first = EpochOrder(1, 0, 1000);
  const std::vector<int64_t> second = EpochOrder(1, 1, 1000);
  std::vector<int64_t> sorted = first;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_NE(first, second);
  EXPECT_NE(first, EpochOrder(2, 0, 1000));
  EXPECT_EQ(first, EpochOrder(1, 0, 1000));
}

TEST(AugmentationTest, NothingChangesWhereNothingIsAsked) {
  for (const ImageChange& change : DrawChanges({}, 1, 5, kExamples, 32, 32)) {
    EXPECT_FALSE(change.flip);
    EXPECT_EQ(change.shift_y, 0);
    EXPECT_EQ(change.shift_x, 0);
  }
}

TEST(AugmentationTest, ChangesDependOnSeedAndStepAndCoverTheirRange) {
  std::vector<int64_t> many(2000);
  const std::vector<ImageChange> changes = DrawChanges(Everything(), 1, 5, many, 32, 32);
  std::vector<int> rows(9);
  int flips = 0;
  for (const ImageChange& change : changes) {
    ASSERT_LE(std::abs(change.shift_y), 4);
    ASSERT_LE(std::abs(change.shift_x), 4);
    ++rows[change.shift_y + 4];
    flips += change.flip;
  }
  EXPECT_NEAR(flips, 1000, 100);
  for (int count : rows) EXPECT_NEAR(count, 2000 / 9, 60);
  const auto same_places = [&](const std::vector<ImageChange>& other) {
    int same = 0;
    for (size_t i = 0; i < changes.size(); ++i) {
      same += changes[i].shift_y == other[i].shift_y && changes[i].shift_x == other[i].shift_x;
    }
    return same;
  };
  EXPECT_EQ(same_places(DrawChanges(Everything(), 1, 5, many, 32, 32)), 2000);
  EXPECT_LT(same_places(DrawChanges(Everything(), 1, 6, many, 32, 32)), 100);
  EXPECT_LT(same_places(DrawChanges(Everything(), 2, 5, many, 32, 32)), 100);
  // Without flips the shifts stay as they are.
  v1::Augmentation only_crop = Everything();
  only_crop.set_flip(false);
  EXPECT_EQ(same_places(DrawChanges(only_crop, 1, 5, many, 32, 32)), 2000);
}

TEST(AugmentationTest, ImagesAreMirroredShiftedNormalisedAndCut) {
  // Two images of 2 x 3: 0 … 5 and 10 … 15.
  const std::vector<uint8_t> bytes = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};
  const ImageBytes images = {bytes.data(), 2, 3, 1};
  const Normalization twice = {{1}, {2}};
  std::vector<float> out(6);
  const auto assemble = [&](const ImageChange& change, int32_t cutout) {
    AssembleImages(images, twice, {&change, 1}, cutout, out.data());
    return out;
  };
  const ImageChange second{.example = 1};
  EXPECT_EQ(assemble(second, 0), (std::vector<float>{18, 20, 22, 24, 26, 28}));
  const ImageChange mirrored{.example = 1, .flip = true};
  EXPECT_EQ(assemble(mirrored, 0), (std::vector<float>{22, 20, 18, 28, 26, 24}));
  // Down and to the right by one: black, (0 - 1) * 2, comes in.
  const ImageChange shifted{.example = 1, .shift_y = -1, .shift_x = -1};
  EXPECT_EQ(assemble(shifted, 0), (std::vector<float>{-2, -2, -2, -2, 18, 20}));
  const ImageChange both{.example = 1, .flip = true, .shift_x = 2};
  EXPECT_EQ(assemble(both, 0), (std::vector<float>{18, -2, -2, 24, -2, -2}));
  const ImageChange cut{.example = 1, .cut_y = 0, .cut_x = 2};
  EXPECT_EQ(assemble(cut, 2), (std::vector<float>{18, 0, 0, 24, 26, 28}));
}

TEST(AugmentationTest, ChannelsAreNormalisedEachByItsOwn) {
  const std::vector<uint8_t> bytes = {10, 20, 30, 40};
  const ImageBytes images = {bytes.data(), 1, 2, 2};
  std::vector<float> out(4);
  const ImageChange change{.flip = true, .shift_x = 1};
  AssembleImages(images, {{10, 0}, {1, 0.5}}, {&change, 1}, 0, out.data());
  EXPECT_EQ(out, (std::vector<float>{0, 10, -10, 0}));
}

TEST(AugmentationTest, MasksFollowTheirImagesAndSayWhatIsUnknown) {
  const std::vector<uint8_t> bytes = {0, 1, 2, 3, 4, 5};
  std::vector<int64_t> out(6);
  const ImageChange change{.flip = true, .shift_y = 1, .shift_x = -1};
  AssembleMasks({bytes.data(), 2, 3, 1}, {&change, 1}, out.data());
  EXPECT_EQ(out, (std::vector<int64_t>{kIgnored, 5, 4, kIgnored, kIgnored, kIgnored}));
}

}  // namespace
}  // namespace nascent::worker
