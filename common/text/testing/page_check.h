// Pages of the manual that are made from tables of the code.

#ifndef NASCENT_COMMON_TEXT_TESTING_PAGE_CHECK_H_
#define NASCENT_COMMON_TEXT_TESTING_PAGE_CHECK_H_

#include <gtest/gtest.h>

#include <string>

namespace nascent::text::testing {

// Says whether the file at `path` holds `wanted`. A failure names the command that renews the file,
// and only the lines that differ. With NASCENT_WRITE_DOCS in the environment it writes the file
// first. `program`: the test program that asks, e.g. "strategy_manual_test".
::testing::AssertionResult PageHolds(const std::string& path, const std::string& wanted,
                                     const std::string& program);

// Returns the lines between the first and the last that differ: those of `found` after '-', those
// of `wanted` after '+', each at most `most`.
std::string Difference(const std::string& found, const std::string& wanted, size_t most = 20);

}  // namespace nascent::text::testing

#endif  // NASCENT_COMMON_TEXT_TESTING_PAGE_CHECK_H_
