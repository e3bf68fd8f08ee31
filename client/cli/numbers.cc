#include "client/cli/numbers.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace nascent::cli {
namespace {

// Three digits that count.
std::string ThreeDigits(double value) {
  if (value < 9.995) return absl::StrFormat("%.2f", value);
  if (value < 99.95) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.0f", value);
}

bool IsCost(const std::string& metric) {
  return metric.ends_with("parameters") || metric.ends_with("multiply_accumulates");
}

}  // namespace

std::string FormatCount(double count) {
  if (!std::isfinite(count)) return "–";
  const double size = std::abs(count);
  const std::string sign = count < 0 ? "-" : "";
  if (size < 10000) {
    return size == std::floor(size) ? absl::StrCat(sign, absl::StrFormat("%.0f", size))
                                    : absl::StrCat(sign, ThreeDigits(size));
  }
  double scaled = size;
  for (const char* unit : {"k", "M", "G", "T", "P"}) {
    scaled /= 1000;
    if (scaled < 999.5) return absl::StrCat(sign, ThreeDigits(scaled), unit);
  }
  return absl::StrCat(sign, absl::StrFormat("%.2e", size));
}

std::string FormatBytes(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  auto scaled = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    scaled /= 1024;
    unit = next;
    if (scaled < 1023.5) break;
  }
  return absl::StrFormat("%.*f %s", scaled < 99.95 ? 1 : 0, scaled, unit);
}

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "–";
  if (seconds == 0) return "0s";
  if (seconds < 0.9995) return absl::StrFormat("%.*fms", seconds < 0.00995 ? 1 : 0, seconds * 1000);
  if (seconds < 59.95) return absl::StrFormat("%.1fs", seconds);
  const auto whole = static_cast<int64_t>(std::min(std::round(seconds), 9e15));
  if (whole < 3600) return absl::StrFormat("%dm %02ds", whole / 60, whole % 60);
  if (whole < 86400) return absl::StrFormat("%dh %02dm", whole / 3600, whole % 3600 / 60);
  return absl::StrFormat("%dd %02dh", whole / 86400, whole % 86400 / 3600);
}

std::string Plural(int64_t count, const std::string& noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string Words(std::string metric) {
  std::replace(metric.begin(), metric.end(), '_', ' ');
  return metric;
}

std::string FormatMetric(const std::string& metric, double value) {
  if (!std::isfinite(value)) return "–";
  if (metric.ends_with("accuracy") || metric.ends_with("mean_iou")) {
    return absl::StrFormat("%.2f %%", 100 * value);
  }
  if (IsCost(metric)) return FormatCount(value);
  if (metric.ends_with("_bytes")) return FormatBytes(static_cast<int64_t>(value));
  if (metric.ends_with("_seconds")) return FormatSeconds(value);
  return absl::StrFormat("%.4g", value);
}

}  // namespace nascent::cli
