// Numbers as people read them.

#ifndef NASCENT_CLIENT_CLI_NUMBERS_H_
#define NASCENT_CLIENT_CLI_NUMBERS_H_

#include <cstdint>
#include <string>

namespace nascent::cli {

// 1234567 → "1.23M"; below 10,000 as it is.
std::string FormatCount(double count);

// 1536 → "1.5 KiB".
std::string FormatBytes(int64_t bytes);

// 92.4 → "1m 32s"; below a minute with one decimal, below a second "12ms".
std::string FormatSeconds(double seconds);

// "1 trial", "2 trials".
std::string Plural(int64_t count, const std::string& noun);

// "validation_accuracy" → "validation accuracy".
std::string Words(std::string metric);

// By the metric's name: accuracies in percent, costs as counts, bytes and seconds with units, the
// rest with four digits.
std::string FormatMetric(const std::string& metric, double value);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_NUMBERS_H_
