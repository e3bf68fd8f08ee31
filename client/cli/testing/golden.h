// Screens compared with stored pictures of them.

#ifndef NASCENT_CLIENT_CLI_TESTING_GOLDEN_H_
#define NASCENT_CLIENT_CLI_TESTING_GOLDEN_H_

#include <functional>
#include <string>
#include <vector>

namespace nascent::cli {

// Draws a screen for terminals of 40, 80 and 120 columns and for a pipe (`width` 0), looks that no
// line is wider than its terminal, and compares all four with testdata/NAME.txt. A failure says how
// the stored picture is renewed; look at it before you commit it.
void CompareWithGolden(const std::string& name,
                       const std::function<std::vector<std::string>(int width)>& draw);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_TESTING_GOLDEN_H_
