// The report as people read it on a terminal.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/simulate/report.h"

namespace nascent::simulate {
namespace {

std::string Number(double value, int digits) {
  return std::isfinite(value) ? absl::StrFormat("%.*f", digits, value) : "-";
}

// Enough digits to tell the rows apart: three behind the point of percents, five of fractions.
int Digits(double best) { return std::abs(best) <= 1 ? 5 : std::abs(best) < 1000 ? 3 : 1; }

void Pad(std::string& line, const std::string& text, size_t width) {
  line += text;
  line.append(text.size() < width ? width - text.size() : 1, ' ');
}

}  // namespace

std::string ToTable(const Report& report) {
  const int digits = Digits(report.best);
  std::string text =
      absl::StrFormat("%s of the incumbent, best of the table %s, %d seed%s\n", report.metric,
                      Number(report.best, digits), report.seeds, report.seeds == 1 ? "" : "s");
  size_t width = 10;
  for (const auto& strategy : report.strategies) width = std::max(width, strategy.name.size() + 2);

  const auto section = [&](const std::string& title, size_t columns, const auto& head,
                           const auto& cell) {
    if (columns == 0) return;
    std::string line;
    Pad(line, title, width);
    for (size_t i = 0; i < columns; ++i) Pad(line, head(i), 18);
    absl::StrAppend(&text, "\n", line, "\n");
    for (const auto& strategy : report.strategies) {
      line.clear();
      Pad(line, strategy.name, width);
      for (size_t i = 0; i < columns; ++i) Pad(line, cell(strategy, i), 18);
      absl::StrAppend(&text, line, "\n");
    }
  };
  const auto mean = [digits](const Summary& summary) {
    return Number(summary.mean, digits) + " (" + Number(summary.standard_error, digits) + ")";
  };
  const Report::Strategy& first = report.strategies.front();
  section(
      "queries", first.queries.size(),
      [&](size_t i) { return absl::StrCat(first.queries[i].queries); },
      [&](const Report::Strategy& s, size_t i) { return mean(s.queries[i].summary); });
  section(
      "seconds", first.times.size(), [&](size_t i) { return Number(first.times[i].seconds, 0); },
      [&](const Report::Strategy& s, size_t i) { return mean(s.times[i].summary); });
  section(
      "within", first.within.size(),
      [&](size_t i) { return absl::StrFormat("%g of the best", first.within[i].distance); },
      [&](const Report::Strategy& s, size_t i) {
        return Number(s.within[i].median_queries, 0) + " queries, " +
               Number(100 * s.within[i].reached, 0) + " %";
      });
  absl::StrAppend(&text,
                  "\nMeans with their standard errors over the seeds; medians of the queries, and "
                  "the share of\nthe seeds that got there.\n");
  for (const auto& strategy : report.strategies) {
    if (strategy.troubles.empty()) continue;
    absl::StrAppend(&text, strategy.name, ": ", strategy.troubles.front(), "\n");
  }
  return text;
}

}  // namespace nascent::simulate
