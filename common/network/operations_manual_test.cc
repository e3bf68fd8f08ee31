#include "common/network/operations_manual.h"

#include <gtest/gtest.h>

#include "common/text/testing/page_check.h"

namespace nascent::network {
namespace {

TEST(OperationsManual, ThePageInTheManualIsTheTablesOwn) {
  EXPECT_TRUE(text::testing::PageHolds(NASCENT_SOURCE_DIR "/docs/operations.md", OperationsManual(),
                                       "network_test"));
}

}  // namespace
}  // namespace nascent::network
